// Decisions of models: marks along the foot of the price chart, and the table that tells of them.

const decisions = { time: decode(run.decisions.time), way: decode(run.decisions.way) };
const ABSTAINED = 2;
const MARK = 7;
const MARK_GAP = 9;

// A triangle up or down, a dash for neither, a cross for an abstention: a shape beside the colour.
function drawMark(context, way, x, y, size) {
  context.beginPath();
  if (way === ABSTAINED) {
    context.moveTo(x - size / 2, y - size / 2);
    context.lineTo(x + size / 2, y + size / 2);
    context.moveTo(x + size / 2, y - size / 2);
    context.lineTo(x - size / 2, y + size / 2);
    context.stroke();
  } else if (way === 0) {
    context.moveTo(x - size / 2, y);
    context.lineTo(x + size / 2, y);
    context.stroke();
  } else {
    context.moveTo(x, y - (way * size) / 2);
    context.lineTo(x + size / 2, y + (way * size) / 2);
    context.lineTo(x - size / 2, y + (way * size) / 2);
    context.closePath();
    context.fill();
  }
}

const decided = {
  attached({ requestUpdate }) { this.update = requestUpdate; },
  detached() {},
  updateAllViews() {},
  paneViews() { return [{ zOrder: () => "top", renderer: () => ({ draw: (target) => this.draw(target) }) }]; },
  draw(target) {
    if (level === null || !decisions.time.length) return;
    const scale = priceChart.timeScale();
    const first = level.time[0];
    const last = level.time[level.time.length - 1] + barSeconds();
    const paints = { 1: colour("line-2"), "-1": colour("line-1"), 0: colour("soft"), 2: colour("soft") };
    target.useBitmapCoordinateSpace(({ context, bitmapSize, horizontalPixelRatio: h, verticalPixelRatio: v }) => {
      // Where two marks would touch, those that point a way are drawn.
      const taken = new Map();
      for (let i = 0; i < decisions.time.length; i++) {
        if (decisions.time[i] < first || decisions.time[i] >= last) continue;
        const x = scale.logicalToCoordinate(indexAt(level.time, decisions.time[i]));
        if (x === null || x < 0 || x * h > bitmapSize.width) continue;
        const place = Math.floor(x / MARK_GAP);
        const way = decisions.way[i];
        if (!taken.has(place) || Math.abs(taken.get(place).way) !== 1) taken.set(place, { x, way });
      }
      context.lineWidth = 1.4 * v;
      for (const { x, way } of taken.values()) {
        context.fillStyle = context.strokeStyle = paints[way];
        drawMark(context, way, x * h, bitmapSize.height - MARK * v, MARK * v);
      }
    });
  },
};
candles.attachPrimitive(decided);
themeListeners.push(() => decided.update());

const caption = document.querySelector("#price figcaption");
if (caption && decisions.time.length) {
  const key = document.createElement("span");
  key.className = "key";
  for (const [kind, text] of [["up", "model: up"], ["down", "down"], ["none", "neither"], ["abstained", "abstained"]]) {
    const mark = document.createElement("i");
    mark.className = `tick-mark ${kind}`;
    key.append(mark, `${text} `);
  }
  caption.insertBefore(key, document.getElementById("level"));
}

// The bars around a decision, of the level that has them.
const AROUND_DECISION = 60;
function showDecision(seconds) {
  showWhole();
  fitted = false;
  const at = indexAt(level.time, seconds);
  setRange(at - AROUND_DECISION / 2, at + AROUND_DECISION / 2);
  document.getElementById("price").scrollIntoView({ block: "start" });
}

const decisionList = document.getElementById("decision-list");

function filterDecisions() {
  const answer = document.getElementById("only-answer").value;
  const flag = Number(document.getElementById("only-flag").value);
  let shown = 0;
  for (const part of decisionList.querySelectorAll("tbody")) {
    part.hidden = (answer !== "" && part.dataset.a !== answer) || (flag !== 0 && !(Number(part.dataset.f) & flag));
    shown += part.hidden ? 0 : 1;
  }
  document.getElementById("shown-decisions").textContent = `${shown.toLocaleString("en-US")} shown`;
}

if (decisionList) {
  decisionList.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.classList.contains("at")) {
      showDecision(Number(button.dataset.s));
      return;
    }
    const open = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(open));
    button.textContent = open ? "−" : "+";
    button.closest("tbody").querySelector("tr.whole").hidden = !open;
  });
  document.getElementById("only-answer").addEventListener("change", filterDecisions);
  document.getElementById("only-flag").addEventListener("change", filterDecisions);
}
