/* The page: one time axis, one cursor and one zoom for all charts. */
/* ---- zoom ---- */

function show(from, to) {
  if (busy) return;
  busy = true;
  range = [Math.max(from, first), Math.min(to, last)];
  for (const { plot } of plots) {
    if (plot && (plot.scales.x.min !== range[0] || plot.scales.x.max !== range[1])) {
      plot.setScale("x", { min: range[0], max: range[1] });
    }
  }
  busy = false;
  root.dataset.from = range[0];
  root.dataset.to = range[1];
  update();
}

function update() {
  const whole = range[0] <= first && range[1] >= last;
  for (const button of document.querySelectorAll("[data-zoom]")) {
    const { zoom } = button.dataset;
    button.disabled = zoom === "in" ? range[1] - range[0] <= least() : whole
      || (zoom === "back" && range[0] <= first) || (zoom === "on" && range[1] >= last);
  }
  tell(null);
}

const least = () => Math.max((last - first) / 500, 0.5);

function zoomBy(way) {
  const [from, to] = range;
  const width = to - from;
  const middle = (from + to) / 2;
  const moves = {
    all: () => [first, last],
    in: () => [middle - width / 4, middle + width / 4],
    out: () => [middle - width, middle + width],
    back: () => shifted(Math.max(from - width / 2, first), width),
    on: () => shifted(Math.min(to + width / 2, last) - width, width),
  };
  const [low, high] = moves[way]();
  if (high - low >= least() / 2) show(low, high);
}

const shifted = (from, width) => [from, from + width];

/* Two fingers zoom; one moves the cursor, and up or down scrolls the page. */
function touch(plot) {
  let begun = null;
  const fingers = (event) => [...event.touches].map(
    (each) => each.clientX - plot.over.getBoundingClientRect().left);
  plot.over.addEventListener("touchstart", (event) => {
    begun = event.touches.length === 2
      ? fingers(event).sort((a, b) => a - b).map((x) => plot.posToVal(x, "x")) : null;
  }, { passive: true });
  plot.over.addEventListener("touchmove", (event) => {
    const at = fingers(event).sort((a, b) => a - b);
    if (begun && at.length === 2) {
      const scale = (begun[1] - begun[0]) / Math.max(at[1] - at[0], 20);
      const from = begun[0] - at[0] * scale;
      if (plot.over.clientWidth * scale >= least()) show(from, from + plot.over.clientWidth * scale);
    } else if (at.length === 1) {
      plot.setCursor({ left: at[0], top: 20 }, true, true);
    }
  }, { passive: true });
}

/* ---- the page ---- */

function draw(entry, size) {
  if (entry.plot) entry.plot.destroy();
  entry.plot = null;
  const { values, bands } = stacked(entry.chart);
  const drawn = { ...options(entry.chart, size || fitting(entry)), bands };
  entry.plot = new uPlot(drawn, [timesOf(entry.chart), ...values], entry.box);
  entry.chart.series.forEach((series, index) => series.hidden && entry.plot.setSeries(index + 1, { show: false }));
  touch(entry.plot);
}

function redraw(entry) {
  busy = true;
  draw(entry);
  entry.plot.setScale("x", { min: range[0], max: range[1] });
  busy = false;
}

const fitting = ({ box, chart }) => ({ width: box.clientWidth, height: chart.stacked ? TALL : HEIGHT });

function drawAll(size) {
  const [from, to] = range;
  busy = true;
  for (const entry of plots) draw(entry, size);
  busy = false;
  show(from, to);
  for (const { plot } of plots) plot.setScale("x", { min: from, max: to });
}

function start() {
  document.querySelectorAll("[data-chart]").forEach((box, index) => {
    const chart = data.charts[index];
    const entry = { chart, box, plot: null };
    chart.keys = document.querySelector(`[data-keys="${index}"]`);
    chart.keys.append(...chart.series.map((series, each) => key(entry, series, each)));
    if (chart.limit) chart.keys.append(limitKey(chart.limit, chart.series));
    plots.push(entry);
  });
  for (const id of ["tools", "hint"]) document.getElementById(id).hidden = false;
  for (const button of document.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => zoomBy(button.dataset.zoom));
  }
  drawAll();
  root.dataset.charts = plots.length;
  watch();
}

function watch() {
  const sized = new ResizeObserver(() => {
    for (const entry of plots) {
      const { plot, box } = entry;
      if (plot && box.clientWidth && plot.width !== box.clientWidth) {
        plot.setSize(fitting(entry));
      }
    }
  });
  sized.observe(plots[0].box);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll());
  addEventListener("beforeprint", () => {
    root.dataset.theme = "light";
    sized.disconnect();
    for (const each of document.querySelectorAll("details:not(.numbers)")) each.open = true;
    drawAll(PRINTED);
  });
  addEventListener("afterprint", () => {
    delete root.dataset.theme;
    sized.observe(plots[0].box);
    drawAll();
  });
}

if (data.charts.length) start();
