-- One spelling for a phone number. `users.phone_number` is free text in databases that were there before, so statements
-- compare numbers by this function, and an index of `users` serves it.

-- The E.164 form (ITU-T E.164: + and 7 to 15 digits) of a number that is written in E.164 or as North Americans write it;
-- NULL where the text is neither. Of North America's numbers neither the area code nor the exchange begins with 0 or 1.
-- Removed are a channel's prefix, spaces, brackets, dots, slashes, hyphens and dashes, and invisible characters (soft
-- hyphens, joiners, marks that set the direction of text). Digits of other widths count as digits. Letters, extensions
-- and national numbers of other countries are not read.
--
-- One expression of built-in functions, so that the planner inlines it and finds the index, whose definition repeats it:
-- an index on the function itself would ask every role that writes to `users` for a right to execute it.
CREATE FUNCTION orchestrator.e164(spelling text) RETURNS text AS $$
    SELECT substring(
        regexp_replace(
            regexp_replace(
                lower(normalize(spelling, NFKC)),
                '^\s*(tel|sms|whatsapp|rcs):|[\s().\-/\u00ad\u2010-\u2015\u2212\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]', '', 'g'
            ),
            '^(?:\+?1)?([2-9][0-9]{2}[2-9][0-9]{6})$', '+1\1'
        ),
        '^\+(?:1[2-9][0-9]{2}[2-9][0-9]{6}|[2-9][0-9]{6,14})$'
    )
$$ LANGUAGE sql IMMUTABLE PARALLEL SAFE;
REVOKE ALL ON FUNCTION orchestrator.e164(text) FROM PUBLIC;
