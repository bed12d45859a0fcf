/* Draws the charts of a report: one time axis, one cursor, one zoom for all. */
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const HEIGHT = 218;
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
  const first = times[0];
  const last = times[times.length - 1];
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

  function seriesOptions(series, index) {
    const stroke = colour(`s${index % COLOURS}`);
    const few = times.length < 3 || series.sparse;
    return {
      label: series.label,
      stroke,
      width: 1.6,
      dash: dashOf(series, index),
      fill: series.fill ? `color-mix(in srgb, ${stroke} 13%, transparent)` : undefined,
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
      series: [{}, ...chart.series.map((each, index) => seriesOptions(each, index))],
      hooks: {
        draw: [drawMarks, (plot) => limit && drawLimit(plot, limit)],
        setScale: [(plot, key) => key === "x" && show(plot.scales.x.min, plot.scales.x.max)],
        setCursor: [(plot) => readOut(plot, chart)],
      },
    };
  }

  /* ---- the names under a title: what is which, its value, and a switch ---- */

  function line(stroke, dash) {
    const made = (name) => document.createElementNS("http://www.w3.org/2000/svg", name);
    const svg = made("svg");
    const path = made("path");
    svg.setAttribute("viewBox", "0 0 18 10");
    svg.setAttribute("aria-hidden", "true");
    path.setAttribute("d", "M0 5H18");
    path.setAttribute("stroke", `var(--${stroke})`);
    path.setAttribute("stroke-width", "2.4");
    path.setAttribute("stroke-dasharray", dash.join(" "));
    svg.append(path);
    return svg;
  }

  const dashOf = (series, index) => DASHES[series.fill ? 0 : index % DASHES.length];

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
    button.append(line(`s${index % COLOURS}`, dashOf(series, index)), name, value);
    button.addEventListener("click", () => {
      series.hidden = !series.hidden;
      button.setAttribute("aria-pressed", String(!series.hidden));
      entry.plot.setSeries(index + 1, { show: !series.hidden });
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
    if (plot === plots[0].plot) tell(at);
  }

  const lastOf = (values) => values.findLast((value) => value !== null);

  function tell(at) {
    const whole = range[0] <= first && range[1] >= last;
    const shown = document.getElementById("shown");
    if (at !== null && at !== undefined) {
      const near = data.marks.find((mark) => Math.abs(mark.time - times[at]) <= (range[1] - range[0]) / 100);
      shown.textContent = after(times[at]) + (near ? ` · ${near.number} ${near.text}` : "");
    } else {
      shown.textContent = between(...range) + (whole ? "" : ` of ${span(last - first)}`);
    }
  }

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
    const values = entry.chart.series.map((series) => series.values);
    entry.plot = new uPlot(options(entry.chart, size || fitting(entry.box)), [times, ...values], entry.box);
    entry.chart.series.forEach((series, index) => series.hidden && entry.plot.setSeries(index + 1, { show: false }));
    touch(entry.plot);
  }

  const fitting = (box) => ({ width: box.clientWidth, height: HEIGHT });

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
      for (const { plot, box } of plots) {
        if (plot && box.clientWidth && plot.width !== box.clientWidth) {
          plot.setSize(fitting(box));
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
})();
