/* One chart: its lines, its marks, and the names under its title. */
/* ---- marks: where verdicts fell, and the limit of the memory ---- */

function drawMarks(plot) {
  const { ctx, bbox } = plot;
  const ratio = uPlot.pxRatio;
  const taken = [];
  ctx.save();
  for (const mark of data.marks) {
    const x = plot.valToPos(mark.time, "x", true);
    if (x < bbox.left - 1 || x > bbox.left + bbox.width + 1) continue;
    ctx.strokeStyle = ctx.fillStyle = colour(mark.tone);
    ctx.lineWidth = ratio;
    ctx.setLineDash([4 * ratio, 4 * ratio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top - 4 * ratio);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    if (taken.some((other) => Math.abs(other - x) < 17 * ratio)) continue;
    taken.push(x);
    drawNumber(ctx, mark.number, x, bbox.top - 12 * ratio, 8 * ratio);
  }
  ctx.restore();
}

function drawNumber(ctx, number, x, y, radius) {
  ctx.setLineDash([]);
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 2 * Math.PI);
  ctx.fill();
  ctx.fillStyle = colour("card");
  ctx.font = `700 ${radius * 1.35}px system-ui, sans-serif`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillText(String(number), x, y + radius * 0.06);
}

function drawLimit(plot, limit) {
  if (limit > plot.scales.y.max) return;
  const { ctx, bbox } = plot;
  const y = plot.valToPos(limit, "y", true);
  ctx.save();
  ctx.strokeStyle = colour("bad");
  ctx.lineWidth = 2 * uPlot.pxRatio;
  ctx.setLineDash(LIMIT_DASH.map((part) => part * uPlot.pxRatio));
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}

/* ---- one chart ---- */

/* What is stacked stands on what is below it; what is hidden leaves no gap. */
function stacked(chart) {
  const values = chart.series.map((series) => series.values);
  if (!chart.stacked) return { values, bands: [] };
  const bands = [];
  let below = null;
  chart.series.forEach((series, index) => {
    if (series.hidden) return;
    if (below !== null) {
      values[index] = series.values.map((value, at) => value + values[below][at]);
      bands.push({ series: [index + 1, below + 1] });
    }
    below = index;
  });
  return { values, bands };
}

const nameOf = (series, index) => series.colour || `s${index % COLOURS}`;

function seriesOptions(chart, series, index) {
  const stroke = colour(nameOf(series, index));
  const few = !chart.stacked && (times.length < 3 || series.sparse);
  const share = chart.stacked ? 62 : 13;
  return {
    label: series.label,
    stroke,
    width: chart.stacked ? 1 : 1.6,
    dash: dashOf(chart, series, index),
    fill: chart.stacked || series.fill ? `color-mix(in srgb, ${stroke} ${share}%, transparent)` : undefined,
    spanGaps: Boolean(series.sparse),
    points: { show: few, size: 7, fill: stroke },
  };
}

function highest(high, limit) {
  const top = high > 0 ? high * 1.06 : 1;
  return limit && high * 2.5 >= limit ? Math.max(top, limit * 1.06) : top;
}

function axis(more) {
  return {
    stroke: colour("soft"),
    font: "12px system-ui, sans-serif",
    grid: { stroke: colour("grid"), width: 1 },
    ticks: { show: false },
    gap: 6,
    ...more,
  };
}

function options(chart, { width, height }) {
  const limit = chart.limit || 0;
  const format = FORMATS[chart.unit];
  return {
    width,
    height,
    padding: [data.marks.length ? 24 : 10, 14, 0, 0],
    tzDate: local,
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: true, y: false, dist: 6 },
      points: { size: 7 },
      sync: { key: "leakwatch", filters: { pub: (type) => type === "mousemove" || type === "mouseleave" } },
    },
    scales: {
      x: { time: true, range: (plot, low, high) => (low === high ? [low - 1, high + 1] : [low, high]) },
      y: { range: (plot, low, high) => [0, highest(high, limit)] },
    },
    axes: [
      axis({ values: CLOCK, size: 36, space: 74 }),
      // As wide everywhere, so that all charts have the same time at the same place.
      axis({ size: width < 420 ? 66 : 78, values: (plot, splits) => splits.map((value) => (value === null ? "" : format(value))) }),
    ],
    series: [{}, ...chart.series.map((each, index) => seriesOptions(chart, each, index))],
    hooks: {
      draw: [drawMarks, (plot) => limit && drawLimit(plot, limit)],
      setScale: [(plot, key) => key === "x" && show(plot.scales.x.min, plot.scales.x.max)],
      setCursor: [(plot) => readOut(plot, chart)],
    },
  };
}

/* ---- the names under a title: what is which, its value, and a switch ---- */

function line(stroke, dash, width = 2.4) {
  const made = (name) => document.createElementNS("http://www.w3.org/2000/svg", name);
  const svg = made("svg");
  const path = made("path");
  svg.setAttribute("viewBox", "0 0 18 10");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", "M0 5H18");
  path.setAttribute("stroke", `var(--${stroke})`);
  path.setAttribute("stroke-width", String(width));
  path.setAttribute("stroke-dasharray", dash.join(" "));
  svg.append(path);
  return svg;
}

const dashOf = (chart, series, index) => DASHES[chart.stacked || series.fill ? 0 : index % DASHES.length];

function limitKey(limit, series) {
  const top = Math.max(...series.flatMap((each) => each.values.filter((value) => value !== null)));
  const note = document.createElement("span");
  note.className = "limit";
  note.append(line("bad", LIMIT_DASH), `limit ${FORMATS.bytes(limit)}${highest(top, limit) < limit ? ", far above" : ""}`);
  return note;
}

function key(entry, series, index) {
  const button = document.createElement("button");
  const name = document.createElement("span");
  const value = document.createElement("output");
  button.type = "button";
  button.setAttribute("aria-pressed", "true");
  name.className = "name";
  name.textContent = series.label;
  const { chart } = entry;
  button.append(line(nameOf(series, index), dashOf(chart, series, index), chart.stacked ? 10 : 2.4), name, value);
  button.addEventListener("click", () => {
    series.hidden = !series.hidden;
    button.setAttribute("aria-pressed", String(!series.hidden));
    if (chart.stacked) redraw(entry);
    else entry.plot.setSeries(index + 1, { show: !series.hidden });
  });
  return button;
}

function readOut(plot, chart) {
  const at = plot.cursor.idx;
  const values = chart.keys.querySelectorAll("output");
  chart.series.forEach((series, index) => {
    const whole = at === null || at === undefined;
    const value = whole || series.sparse
      ? lastOf(whole ? series.values : series.values.slice(0, at + 1)) : series.values[at];
    const known = value !== null && value !== undefined;
    values[index].textContent = known ? FORMATS[chart.unit](value) : "–";
  });
  const teller = plots.find((entry) => !entry.chart.times) || plots[0];
  if (plot === teller.plot) tell(at === null || at === undefined ? null : timesOf(chart)[at]);
}

const lastOf = (values) => values.findLast((value) => value !== null);

function tell(time) {
  const whole = range[0] <= first && range[1] >= last;
  const shown = document.getElementById("shown");
  if (time !== null) {
    const near = data.marks.find((mark) => Math.abs(mark.time - time) <= (range[1] - range[0]) / 100);
    shown.textContent = after(time) + (near ? ` · ${near.number} ${near.text}` : "");
  } else {
    shown.textContent = between(...range) + (whole ? "" : ` of ${span(last - first)}`);
  }
}
