// Two charts on one time scale: prices with signals, and equity with drawdown.

const library = window.LightweightCharts;
const priceBox = document.getElementById("price-chart");
const equityBox = document.getElementById("equity-chart");
const paneCount = Math.max(0, ...run.lines.map((line) => line.pane));
const narrow = matchMedia("(max-width: 760px)");
priceBox.style.height = `${(narrow.matches ? 320 : 420) + 110 * paneCount}px`;
equityBox.style.height = `${narrow.matches ? 360 : 430}px`;

const MONTH_SECONDS = 30 * 24 * 3600;

// Over months, a lone day or hour that fills a space on the axis says its date.
function axisText(chart, seconds, type) {
  if (type < library.TickMarkType.DayOfMonth) return null;
  const seen = chart.timeScale().getVisibleRange();
  if (!seen || seen.to - seen.from < (type === library.TickMarkType.DayOfMonth ? 6 : 1) * MONTH_SECONDS) return null;
  return new Date(seconds * 1000).toLocaleDateString("en-US", { month: "short", day: "numeric", timeZone: "UTC" });
}

function makeChart(box) {
  const chart = library.createChart(box, {
    autoSize: true,
    layout: { attributionLogo: true, fontFamily: getComputedStyle(document.body).fontFamily },
    localization: { locale: "en-US", timeFormatter: moment },
    rightPriceScale: { borderVisible: false, minimumWidth: narrow.matches ? 58 : 78 },
    timeScale: {
      borderVisible: false, timeVisible: true, secondsVisible: false,
      minBarSpacing: 0.01, fixLeftEdge: true, fixRightEdge: true,
      tickMarkFormatter: (seconds, type) => axisText(chart, seconds, type),
    },
    crosshair: { mode: library.CrosshairMode.Normal },
    // The page scrolls with wheel and finger; the wheel zooms a chart once it is in use.
    handleScroll: { mouseWheel: false, vertTouchDrag: false },
    handleScale: { mouseWheel: false },
  });
  return chart;
}

function precision(values) {
  let size = 0;
  let least = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    size = Math.max(size, Math.abs(value));
    least = Math.min(least, value);
  }
  const places = digits(size);
  const format = { minimumFractionDigits: size >= 10000 ? 0 : Math.min(2, places), maximumFractionDigits: size >= 10000 ? 0 : places };
  // The axis goes on below the lowest value; what cannot be negative has no label there.
  const formatter = (value) => value < least && least === 0 ? "" : value.toLocaleString("en-US", format).replace("-", "−");
  return { type: "custom", minMove: 10 ** -places, formatter };
}

const priceChart = makeChart(priceBox);
const equityChart = makeChart(equityBox);
const percentFormat = { type: "custom", minMove: 0.0001, formatter: (value) => `${(value * 100).toFixed(1).replace("-", "−")} %` };
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
  ...quietLine, lineWidth: 2, lineStyle: i < 4 ? library.LineStyle.Solid : library.LineStyle.Dashed,
  priceFormat: line.pane ? precision(overview.lines[i]) : precision(overview.close),
}, line.pane));
priceChart.panes().forEach((pane, i) => pane.setStretchFactor(i ? 110 : narrow.matches ? 320 : 420));

const benchmark = equityChart.addSeries(library.LineSeries, { ...quietLine, lineWidth: 2, priceFormat: precision(overview.equity) });
const equity = equityChart.addSeries(library.LineSeries, { ...quietLine, lineWidth: 2, lastValueVisible: true, priceFormat: precision(overview.equity) });
const drawdown = equityChart.addSeries(library.BaselineSeries, {
  ...quietLine, lineWidth: 1, baseValue: { type: "price", price: 0 }, priceFormat: percentFormat,
}, 1);
const invested = equityChart.addSeries(library.HistogramSeries, { ...quietLine, base: 0, priceFormat: percentFormat }, 2);
equityChart.panes().forEach((pane, i) => pane.setStretchFactor([280, 100, 50][i]));

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
  signals.forEach((series, i) => series.applyOptions({ color: colour(`line-${(i % 4) + 1}`) }));
  equity.applyOptions({ color: colour("good") });
  benchmark.applyOptions({ color: colour("benchmark") });
  const bad = colour("bad");
  drawdown.applyOptions({
    topLineColor: bad, topFillColor1: "transparent", topFillColor2: "transparent",
    bottomLineColor: bad, bottomFillColor1: colour("band-bad"), bottomFillColor2: colour("band-bad"),
  });
  invested.applyOptions({ color: colour("held") });
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
        before.color = before.bottomLineColor = before.bottomFillColor1 = before.bottomFillColor2 = "transparent";
      }
      made.push({ time: time[i] });
    }
  }
  return made;
}

// Lines step back where many candles share few pixels.
let lineWidth = 2;
priceChart.timeScale().subscribeVisibleLogicalRangeChange((range) => {
  if (!range) return;
  const width = priceChart.timeScale().width() / (range.to - range.from) < 0.6 ? 1 : 2;
  if (width === lineWidth) return;
  lineWidth = width;
  for (const series of signals) series.applyOptions({ lineWidth });
});

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

function setRange(from, to) {
  priceChart.timeScale().setVisibleLogicalRange({ from, to });
  equityChart.timeScale().setVisibleLogicalRange({ from, to });
}

function showAll() {
  setRange(-0.5, level.time.length - 0.5);
}
