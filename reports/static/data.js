// The run's data: columns of numbers, decoded once.

const run = JSON.parse(document.getElementById("run").textContent);

const byteArrays = { i1: Int8Array, i4: Int32Array, f4: Float32Array, f8: Float64Array };

function decode(column) {
  const text = atob(column.b);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const stored = new byteArrays[column.t](bytes.buffer);
  if (column.t !== "i4") return Float64Array.from(stored);
  const scale = 10 ** column.d;
  return Float64Array.from(stored, (number) => column.o + number / scale);
}

// A level of detail: one value per candle in each column; `lines` are the signals.
function decodeLevel(level) {
  if (level === null) return null;
  const decoded = {};
  for (const [name, column] of Object.entries(level)) {
    decoded[name] = name === "lines" ? column.map(decode) : decode(column);
  }
  return decoded;
}

function slice(level, from, to) {
  const part = {};
  for (const [name, column] of Object.entries(level)) {
    part[name] = name === "lines" ? column.map((line) => line.subarray(from, to)) : column.subarray(from, to);
  }
  return part;
}

// The last index whose time is at or before `time`, at least 0.
function indexAt(times, time) {
  let low = 0;
  let high = times.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (times[middle] <= time) low = middle;
    else high = middle - 1;
  }
  return low;
}

const overview = decodeLevel(run.overview);
// What a candle covers, where it is not a bar each; `coarse`: each covers several.
Object.assign(overview, { candle: run.candle, coarse: !run.whole });
const detail = decodeLevel(run.detail);
const trades = {};
for (const [name, column] of Object.entries(run.trades)) {
  trades[name] = decode(column);
}
const isLong = (trade) => (trades.kind[trade] & 1) > 0;
const isClosed = (trade) => (trades.kind[trade] & 2) > 0;
const hasBars = (trade) => (trades.kind[trade] & 4) > 0;
const tradeCount = trades.number.length;

// Whole bars around a trade, when this file has them; null otherwise. Of a long trade it may have
// the beginning and the end only, and a hole in the chart says so.
const AROUND = 1500;
const HOLE = 8;
function detailOf(trade) {
  if (detail === null || !hasBars(trade)) return null;
  const entry = indexAt(detail.time, trades.entry[trade]);
  const exit = indexAt(detail.time, trades.exit[trade]);
  const begin = stretchAt(entry);
  const end = stretchAt(exit);
  if (begin.start === end.start) {
    return slice(detail, Math.max(begin.start, entry - AROUND), Math.min(begin.stop, exit + AROUND));
  }
  const first = slice(detail, Math.max(begin.start, entry - AROUND), begin.stop);
  const last = slice(detail, end.start, Math.min(end.stop, exit + AROUND));
  const middle = hole(first.time[first.time.length - 1], last.time[0]);
  return join(first, middle, last);
}

function stretchAt(bar) {
  const at = indexAt(detail.stretches, bar);
  return {
    start: detail.stretches[at],
    stop: at + 1 < detail.stretches.length ? detail.stretches[at + 1] : detail.time.length,
  };
}

function hole(from, to) {
  return Float64Array.from({ length: HOLE }, (_, i) => from + ((to - from) * (i + 1)) / (HOLE + 1));
}

function join(first, times, last) {
  const unknown = new Float64Array(times.length).fill(NaN);
  const glue = (a, b, c) => Float64Array.of(...a, ...b, ...c);
  const whole = { broken: true };
  for (const name of Object.keys(first)) {
    whole[name] = name === "lines"
      ? first.lines.map((line, i) => glue(line, unknown, last.lines[i]))
      : glue(first[name], name === "time" ? times : unknown, last[name]);
  }
  return whole;
}

function digits(size) {
  if (size >= 10) return size >= 100 ? 2 : 3;
  return size >= 1 ? 4 : size > 0 ? Math.min(10, 4 - Math.floor(Math.log10(size))) : 2;
}

function written(value) {
  if (!Number.isFinite(value)) return "–";
  const places = digits(Math.abs(value));
  return value.toLocaleString("en-US", { minimumFractionDigits: Math.min(places, 2), maximumFractionDigits: places }).replace("-", "−");
}

function percent(fraction, sign) {
  if (!Number.isFinite(fraction)) return "–";
  const size = Math.abs(fraction * 100);
  const text = (fraction * 100).toFixed(size < 10 ? 2 : size < 1000 ? 1 : 0);
  return `${sign && fraction > 0 ? "+" : ""}${text.replace("-", "−")}\u202f%`;
}

function moment(seconds) {
  return new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");
}
