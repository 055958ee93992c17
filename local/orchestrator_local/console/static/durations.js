// How far away a time is, in words.

// Seconds are rounded to the unit that is shown before they are split, so that no part reaches its whole: 119 minutes
// and 59 seconds are 2 hours, not "1 h 60 min".
export function timeUntil(seconds) {
  const whole = Math.round(seconds);
  const minutes = Math.round(seconds / 60);
  const days = Math.round(seconds / 86400);
  if (whole <= 0) return "now";
  if (whole < 60) return `in ${whole} s`;
  if (minutes < 60) return `in ${minutes} min`;
  if (minutes < 2 * 24 * 60) return `in ${hoursAndMinutes(minutes)}`;
  if (days < 60) return `in ${days} days`;
  return `in ${Math.round(days / 30.44)} months`;
}

function hoursAndMinutes(minutes) {
  const rest = minutes % 60;
  return `${Math.floor(minutes / 60)} h${rest ? ` ${rest} min` : ""}`;
}
