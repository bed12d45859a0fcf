/* The crawl of a report, and how its numbers and times are written. */
const data = JSON.parse(document.getElementById("data").textContent);
const HEIGHT = 218;
const TALL = 310;
const PRINTED = { width: 640, height: 165 };
const DASHES = [[], [7, 4], [2, 3], [9, 3, 2, 3]];
const LIMIT_DASH = [6, 3];
const COLOURS = 12;
const DATE = "{YYYY}-{MM}-{DD}";
const under = (time, over) => [time, `\n${DATE}`, null, "\n{MM}-{DD}", null, over, null, null, 1];
/* From how many seconds between two ticks, and how those are written. */
const CLOCK = [
  [86400, DATE, null, null, null, null, null, null, 1],
  [60, ...under("{HH}:{mm}", null)],
  [1, ...under("{HH}:{mm}:{ss}", null)],
  [0.001, ...under("{ss}.{fff}", "\n{HH}:{mm}")],
];
const root = document.documentElement;
const times = data.times;
/* The memory bills have times of their own, and may come after the last sample. */
const timesOf = (chart) => chart.times || times;
const spans = [times, ...data.charts.map(timesOf)];
const first = Math.min(...spans.map((each) => each[0]));
const last = Math.max(...spans.map((each) => each[each.length - 1]));
const plots = [];
let range = [first, last];
let busy = false;

const colour = (name) => getComputedStyle(root).getPropertyValue(`--${name}`).trim();
const fixed = (value, digits) =>
  value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const FORMATS = {
  count: (value) => fixed(value, 0),
  rate: (value) => fixed(value, value < 100 && value % 1 ? 1 : 0),
  ms: (value) => value === 0 ? "0" : `${fixed(value, value < 10 ? 2 : 0)} ms`,
  bytes: (value) => (value === 0 ? "0" : value >= 1e9 ? `${fixed(value / 1e9, 2)} GB` : `${fixed(value / 1e6, value < 1e8 ? 1 : 0)} MB`),
};

const two = (number) => String(number).padStart(2, "0");

/* The zone of the machine that made the report, not of the one that shows it. */
function local(time) {
  const date = new Date(time * 1000);
  return new Date(time * 1000 + (date.getTimezoneOffset() * 60 + data.utcOffset) * 1000);
}

function clock(time) {
  const date = local(time);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

const day = (time) => `${two(local(time).getMonth() + 1)}-${two(local(time).getDate())}`;

function between(from, to) {
  const dated = (time) => (day(first) === day(last) ? clock(time) : `${day(time)} ${clock(time)}`);
  return `${dated(from)} to ${dated(to)}, ${span(to - from)}`;
}

function span(seconds) {
  const parts = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const from = parts.findIndex(([, unit]) => seconds >= unit);
  if (from < 0) return "0 s";
  let rest = Math.floor(seconds);
  return parts.slice(from, from + 2).map(([name, unit]) => {
    const amount = Math.floor(rest / unit);
    rest %= unit;
    return amount ? `${amount} ${name}` : "";
  }).filter(Boolean).join(" ");
}

const after = (time) => `${clock(time)}, after ${span(time - data.start)}`;
