// Two charts on one time scale: prices with signals, and equity with drawdown.

const library = window.LightweightCharts;
const priceBox = document.getElementById("price-chart");
const equityBox = document.getElementById("equity-chart");
const paneCount = Math.max(0, ...run.lines.map((line) => line.pane));
const narrow = matchMedia("(max-width: 760px)");
priceBox.style.height = `${(narrow.matches ? 320 : 420) + 110 * paneCount}px`;
equityBox.style.height = `${narrow.matches ? 380 : 460}px`;

const MONTH_SECONDS = 30 * 24 * 3600;

// A lone day among months, hour among days or odd minute among hours says nothing.
function axisText(chart, seconds, type) {
  if (type < library.TickMarkType.DayOfMonth) return null;
  const seen = chart.timeScale().getVisibleRange();
  const span = seen ? seen.to - seen.from : 0;
  if (type === library.TickMarkType.DayOfMonth) return span < 6 * MONTH_SECONDS ? null : "";
  return span < 6 * 3600 || (span < MONTH_SECONDS && seconds % 900 === 0) ? null : "";
}

function makeChart(box, logo) {
  const chart = library.createChart(box, {
    autoSize: true,
    layout: { attributionLogo: logo, fontFamily: getComputedStyle(document.body).fontFamily },
    localization: { locale: "en-US", timeFormatter: moment },
    rightPriceScale: { borderVisible: false, entireTextOnly: true, minimumWidth: narrow.matches ? 58 : 78 },
    timeScale: {
      borderVisible: false, timeVisible: true, secondsVisible: false,
      minBarSpacing: 0.01, fixLeftEdge: true, fixRightEdge: true, tickMarkMaxCharacterLength: 6,
      tickMarkFormatter: (seconds, type) => axisText(chart, seconds, type),
    },
    crosshair: { mode: library.CrosshairMode.Normal },
    // The page scrolls with wheel and finger; the wheel zooms a chart once it is in use.
    handleScroll: { mouseWheel: false, vertTouchDrag: false },
    handleScale: { mouseWheel: false },
  });
  return chart;
}

// How the numbers of an axis are written: with few decimals where they are no prices.
function precision(values, price = true) {
  let size = 0;
  let least = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    size = Math.max(size, Math.abs(value));
    least = Math.min(least, value);
  }
  const places = digits(size);
  const decimals = !price || size >= 10000 ? 0 : Math.min(2, places);
  const format = { minimumFractionDigits: decimals, maximumFractionDigits: size >= 10000 ? 0 : places };
  // The axis goes on below the lowest value; what cannot be negative has no label there.
  const formatter = (value) => value < least && least === 0 ? "" : value.toLocaleString("en-US", format).replace("-", "−");
  return { type: "custom", minMove: 10 ** -places, formatter };
}

// One logo is enough, and it would lie on the bars of what was invested.
const priceChart = makeChart(priceBox, true);
const equityChart = makeChart(equityBox, false);
const percentFormat = {
  type: "custom", minMove: 0.0001,
  formatter: (value) => `${(value * 100).toFixed(1).replace(/\.0$/, "").replace("-", "−")} %`,
};
const quietLine = { priceLineVisible: false, lastValueVisible: false, crosshairMarkerRadius: 3 };

const volume = priceChart.addSeries(library.HistogramSeries, {
  ...quietLine, priceScaleId: "volume", priceFormat: { type: "volume" },
});
volume.priceScale().applyOptions({ scaleMargins: { top: 0.86, bottom: 0 }, visible: false });
const candles = priceChart.addSeries(library.CandlestickSeries, {
  priceLineVisible: false, priceFormat: precision(overview.close),
});
candles.priceScale().applyOptions({ scaleMargins: { top: 0.08, bottom: 0.16 } });
const signals = run.lines.map((line, i) => priceChart.addSeries(library.LineSeries, {
  ...quietLine,
  priceFormat: line.pane ? precision(overview.lines[i], false) : precision(overview.close),
}, line.pane));
priceChart.panes().forEach((pane, i) => pane.setStretchFactor(i ? 110 : narrow.matches ? 320 : 420));

const benchmark = equityChart.addSeries(library.LineSeries, { ...quietLine, lineWidth: 2, priceFormat: precision(overview.equity) });
const equity = equityChart.addSeries(library.LineSeries, { ...quietLine, lineWidth: 2, lastValueVisible: true, priceFormat: precision(overview.equity) });
const drawdown = equityChart.addSeries(library.BaselineSeries, {
  ...quietLine, lineWidth: 1, baseValue: { type: "price", price: 0 }, priceFormat: percentFormat,
}, 1);
const invested = equityChart.addSeries(library.BaselineSeries, {
  ...quietLine, lineWidth: 1, lineType: library.LineType.WithSteps, baseValue: { type: "price", price: 0 },
  priceFormat: percentFormat,
}, 2);
invested.priceScale().applyOptions({ tickMarkDensity: 1.5 });
equityChart.panes().forEach((pane, i) => pane.setStretchFactor([280, 100, 80][i]));

function paint() {
  const ink = colour("soft");
  const line = colour("line");
  const common = {
    layout: {
      background: { type: "solid", color: colour("sheet") }, textColor: ink,
      panes: { separatorColor: line, separatorHoverColor: colour("faint") },
    },
    grid: { vertLines: { color: colour("faint") }, horzLines: { color: colour("faint") } },
    crosshair: {
      vertLine: { color: ink, labelBackgroundColor: colour("down") },
      horzLine: { color: ink, labelBackgroundColor: colour("down") },
    },
  };
  priceChart.applyOptions(common);
  equityChart.applyOptions(common);
  const up = colour("up");
  const down = colour("down");
  candles.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down, borderVisible: false });
  volume.applyOptions({ color: colour("volume") });
  paintSignals();
  equity.applyOptions({ color: colour("good") });
  benchmark.applyOptions({ color: colour("benchmark") });
  const bad = colour("bad");
  drawdown.applyOptions({
    topLineColor: bad, topFillColor1: "transparent", topFillColor2: "transparent",
    bottomLineColor: bad, bottomFillColor1: colour("band-bad"), bottomFillColor2: colour("band-bad"),
  });
  const held = colour("held");
  invested.applyOptions({
    topLineColor: held, topFillColor1: held, topFillColor2: held,
    bottomLineColor: held, bottomFillColor1: held, bottomFillColor2: held,
  });
}

// Where many candles share few pixels, signals step back: thin, pale, and behind the candles.
const CROWDED = 0.6;
let strength = 1;

function paintSignals() {
  const crowded = strength < 1;
  signals.forEach((series, i) => {
    const paint = colour(`line-${(i % 4) + 1}`);
    series.applyOptions({
      color: crowded ? paint.replace("rgb(", "rgba(").replace(")", `, ${strength})`) : paint,
      lineWidth: crowded ? 1 : 2,
      lineStyle: i < 4 || crowded ? library.LineStyle.Solid : library.LineStyle.Dashed,
    });
  });
  const onPrice = run.lines.filter((line) => line.pane === 0).length;
  candles.setSeriesOrder(crowded ? 1 + onPrice : 1);
}

// Points of a line; a stretch of unknown values is a hole, not a bridge: the piece that follows a
// point has that point's colour.
function points(time, values) {
  const made = [];
  for (let i = 0; i < time.length; i++) {
    if (Number.isFinite(values[i])) made.push({ time: time[i], value: values[i] });
    else {
      const before = made[i - 1];
      if (before && before.value !== undefined) {
        for (const name of ["color", "topLineColor", "topFillColor1", "topFillColor2", "bottomLineColor", "bottomFillColor1", "bottomFillColor2"]) {
          before[name] = "transparent";
        }
      }
      made.push({ time: time[i] });
    }
  }
  return made;
}

priceChart.timeScale().subscribeVisibleLogicalRangeChange((range) => {
  if (!range) return;
  const spacing = priceChart.timeScale().width() / (range.to - range.from);
  const next = spacing < CROWDED ? Math.max(0.3, Math.round(spacing * 20) / 20) : 1;
  if (next === strength) return;
  strength = next;
  paintSignals();
});

// The charts share their times, so their axes of values share a width.
function alignAxes() {
  const widest = Math.max(priceChart.priceScale("right").width(), equityChart.priceScale("right").width());
  for (const chart of [priceChart, equityChart]) {
    if (chart.priceScale("right").width() < widest) chart.applyOptions({ rightPriceScale: { minimumWidth: widest } });
  }
}

let level = null;

function showLevel(next) {
  level = next;
  const time = next.time;
  const bars = [];
  for (let i = 0; i < time.length; i++) {
    bars.push(Number.isFinite(next.open[i])
      ? { time: time[i], open: next.open[i], high: next.high[i], low: next.low[i], close: next.close[i] }
      : { time: time[i] });
  }
  candles.setData(bars);
  volume.setData(points(time, next.volume));
  signals.forEach((series, i) => series.setData(points(time, next.lines[i])));
  equity.setData(points(time, next.equity));
  benchmark.setData(points(time, next.benchmark));
  drawdown.setData(points(time, next.drawdown));
  invested.setData(points(time, next.invested));
}

// Both charts hold the same times, so one logical range serves both.
function follow(from, to) {
  from.timeScale().subscribeVisibleLogicalRangeChange((range) => {
    const other = to.timeScale().getVisibleLogicalRange();
    if (!range || !other) return;
    if (Math.abs(range.from - other.from) + Math.abs(range.to - other.to) > 0.02) {
      to.timeScale().setVisibleLogicalRange(range);
    }
  });
}
follow(priceChart, equityChart);
follow(equityChart, priceChart);

// The range that is in view, or will be: a chart takes up what is set when it paints next.
let inView = null;
function readRange() {
  inView = priceChart.timeScale().getVisibleLogicalRange() ?? inView;
}
priceChart.timeScale().subscribeVisibleLogicalRangeChange(readRange);

function setRange(from, to) {
  inView = { from, to };
  // What lies beyond the data is not shown, and changes nothing where its edge is in view already.
  requestAnimationFrame(() => requestAnimationFrame(readRange));
  priceChart.timeScale().setVisibleLogicalRange({ from, to });
  equityChart.timeScale().setVisibleLogicalRange({ from, to });
}

// Whether the whole is meant to be in view: it then stays so when the charts get wider or narrower.
let fitted = true;

function showAll() {
  fitted = true;
  setRange(-0.5, level.time.length - 0.5);
}

function isWhole(range) {
  return range !== null && range.from <= 0.5 && range.to >= level.time.length - 1.5;
}

for (const chart of [priceChart, equityChart]) {
  chart.timeScale().subscribeSizeChange(() => {
    alignAxes();
    if (fitted) showAll();
  });
}
