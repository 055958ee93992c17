-- place_legal_hold.sql: place a legal hold on a person (R15). Its time stays when only the note is replaced.
INSERT INTO orchestrator.legal_holds (user_id, note, held_at) VALUES (%(user_id)s, %(note)s, %(now)s)
    ON CONFLICT (user_id) DO UPDATE SET note = excluded.note
