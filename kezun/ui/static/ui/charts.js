// Draws every [data-chart] from its JSON (see ui/components.py: Chart). All texts come from the server.
// `links` (trend, bars): the explanation of each point, opened in the drawer by a click.
//   trend: {labels, values, texts, target?, targetText?, before?, unit}   before: values of the period before
//   bars:  {labels, values, texts, target?, targetText?, unit, across?}   across: names run down the side
//   funnel: {points: [[n, value, text, outside]], limits: [{name, alarm, rows: [[n, low, high]]}], centre, centreText,
//          across, unit, hrefs?}   outside: ±1 beyond the inner limits, ±2 beyond the outer; hrefs: pages of the points
//   heat:  {columns, rows, cells: [[column, row, value, text]], unit, direction}
"use strict";
(() => {
  const INK = "#4c5a67", LINE = "#dde3e8", BRAND = "#0f5f7a", TARGET = "#8a5a00", SOFT = "#7d93a3";
  const FONT = getComputedStyle(document.body).fontFamily;
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;

  function short(value, unit) {
    if (unit === "%") return `${+(value * 100).toFixed(2)} %`;
    if (value === 0) return "0";
    if (unit === "s" && Math.abs(value) >= 60) return `${Math.floor(value / 60)}:${String(Math.round(value % 60)).padStart(2, "0")}`;
    if (unit === "s") return `${+value.toFixed(1)} s`;
    if (Math.abs(value) >= 1e4) return `${+(value / 1e3).toFixed(1)}k`;
    return `${+value.toFixed(2)}`;
  }

  const tip = { renderMode: "richText", confine: true, backgroundColor: "#fff", borderColor: LINE, textStyle: { color: "#1b2733", fontSize: 13 } };

  const STEPS = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];
  const dayless = (label) => (/^\d{4}-\d{2}-\d{2}$/.test(label) ? label.slice(5) : label);

  // Durations get steps that people count in; everything else what ECharts finds round.
  function paced(range, unit) {
    if (unit !== "s") return range;
    const step = STEPS.find((s) => (range.max - range.min) / s <= 6) ?? 14400;
    return { min: Math.floor(range.min / step) * step, max: Math.ceil(range.max / step) * step, interval: step };
  }

  function bounds(data) {
    const all = [...data.values, data.target, ...(data.before ?? [])].filter((v) => v !== null && v !== undefined);
    const low = Math.min(...all), high = Math.max(...all), air = (high - low) * 0.1 || Math.abs(high) * 0.1 || 1;
    const most = data.unit === "%" ? 1 : Infinity;
    return { min: data.fromZero ? 0 : Math.max(low < 0 ? -Infinity : 0, low - air), max: Math.min(Math.max(most, high), high + air) };
  }

  function targetLine(data, along) {
    if (data.target === null || data.target === undefined) return undefined;
    return { silent: true, symbol: "none", animation: false, lineStyle: { color: TARGET, type: "dashed", width: 1.5 },
      label: { formatter: data.targetText, color: TARGET, position: along === "yAxis" ? "insideEndTop" : "start", fontSize: 12 }, data: [{ [along]: data.target }] };
  }

  const category = (labels) => ({ type: "category", data: labels, axisLine: { lineStyle: { color: LINE } }, axisTick: { show: false }, axisLabel: { color: INK, hideOverlap: true, formatter: dayless } });
  const scale = (data, range) => ({ type: "value", ...paced(range, data.unit), axisLabel: { color: INK, formatter: (v) => short(v, data.unit), hideOverlap: true, showMinLabel: data.unit === "s", showMaxLabel: data.unit === "s" }, splitLine: { lineStyle: { color: "#edf1f4" } } });

  const drawers = {
    trend(data) {
      const series = [{ type: "line", name: data.title, data: data.values, symbolSize: 5, showSymbol: data.values.length < 40, lineStyle: { width: 2, color: BRAND }, itemStyle: { color: BRAND }, markLine: targetLine(data, "yAxis") }];
      if (data.before) series.push({ type: "line", data: data.before, symbol: "none", lineStyle: { width: 1.5, color: SOFT, type: "dotted" }, tooltip: { show: false } });
      return { grid: { left: 8, right: 16, top: 24, bottom: 8, containLabel: true }, xAxis: category(data.labels), yAxis: scale(data, bounds(data)), series,
        tooltip: { ...tip, trigger: "axis", formatter: (points) => `${data.labels[points[0].dataIndex]}\n${data.texts[points[0].dataIndex]}` } };
    },
    bars(data) {
      const names = category(data.labels), values = scale(data, bounds(data));
      if (data.across) Object.assign(names, { inverse: true, axisLabel: { color: INK, width: 130, overflow: "truncate" } });
      // names are measured a little narrower than they are drawn
      return { grid: { left: data.across ? 20 : 8, right: 24, top: 24, bottom: 8, containLabel: true }, xAxis: data.across ? values : names, yAxis: data.across ? names : values,
        // A bar says its length: where the scale does not start at zero, points say the value.
        series: [{ ...(data.fromZero ? { type: "bar", barMaxWidth: 26, itemStyle: { color: BRAND, borderRadius: 2 } } : { type: "scatter", symbolSize: 11, itemStyle: { color: BRAND } }), data: data.values, markLine: targetLine(data, data.across ? "xAxis" : "yAxis") }],
        tooltip: { ...tip, formatter: (point) => `${data.labels[point.dataIndex]}\n${data.texts[point.dataIndex]}` } };
    },
    funnel(data) {
      const colours = ["#0f5f7a", "#8a5a00", "#b3261e"], shapes = ["circle", "triangle", "diamond"];
      const shares = [...data.points.map((p) => p[1]), ...data.limits.filter((l) => !l.alarm).flatMap((l) => l.rows.slice(4).flatMap((r) => [r[1], r[2]]))];
      const low = Math.min(...shares), high = Math.max(...shares), air = (high - low) * 0.08 || 0.01;
      const curve = (limit, at) => ({ type: "line", symbol: "none", silent: true, animation: false, lineStyle: { color: limit.alarm ? "#b3261e" : "#8a5a00", width: 1.3, type: limit.alarm ? "solid" : "dashed" }, data: limit.rows.map((r) => [r[0], r[at]]), z: 1 });
      const series = [{ type: "scatter", data: data.points.map((p) => ({ value: p.slice(0, 2), symbol: shapes[Math.abs(p[3])], symbolSize: p[3] ? 12 : 9, itemStyle: { color: colours[Math.abs(p[3])], opacity: 0.85 } })), z: 3, cursor: data.hrefs ? "pointer" : "default",
        markLine: { silent: true, symbol: "none", animation: false, lineStyle: { color: SOFT, width: 1.2 }, label: { formatter: data.centreText, color: INK, position: "insideEndTop", fontSize: 12 }, data: [{ yAxis: data.centre }] } }];
      for (const limit of data.limits) series.push(curve(limit, 1), curve(limit, 2));
      return { grid: { left: 8, right: 24, top: 16, bottom: 24, containLabel: true }, series,
        xAxis: { type: "value", name: data.across, nameLocation: "middle", nameGap: 26, nameTextStyle: { color: INK }, axisLabel: { color: INK, hideOverlap: true, formatter: (v) => short(v, "count") }, splitLine: { show: false }, min: 0 },
        yAxis: { ...scale(data, { min: Math.max(0, low - air), max: Math.min(1, high + air) }) },
        tooltip: { ...tip, formatter: (point) => data.points[point.dataIndex][2] } };
    },
    heat(data) {
      const values = data.cells.map((cell) => cell[2]);
      const good = ["#b3261e", "#f3d9a4", "#f4f6f8", "#9fd0bb", "#14704a"], plain = ["#f1f6f8", "#9cc4d2", "#0f5f7a"];
      const colours = data.direction === "up" ? good : data.direction === "down" ? [...good].reverse() : plain;
      return { grid: { left: 8, right: 8, top: 8, bottom: 44, containLabel: true }, xAxis: { ...category(data.columns), splitArea: { show: false } }, yAxis: { ...category(data.rows), inverse: true },
        visualMap: { min: Math.min(...values), max: Math.max(...values), calculable: false, orient: "horizontal", left: "center", bottom: 0, itemHeight: 120, itemWidth: 12, textStyle: { color: INK }, text: [short(Math.max(...values), data.unit), short(Math.min(...values), data.unit)], inRange: { color: colours } },
        series: [{ type: "heatmap", data: data.cells.map((c) => c.slice(0, 3)), itemStyle: { borderColor: "#fff", borderWidth: 1 }, emphasis: { itemStyle: { borderColor: "#1b2733" } } }],
        tooltip: { ...tip, formatter: (point) => `${data.rows[point.value[1]]} ${data.columns[point.value[0]]}\n${data.cells[point.dataIndex][3]}` } };
    },
  };

  function draw(box) {
    if (box.dataset.drawn) return;
    box.dataset.drawn = "1";
    const data = JSON.parse(document.getElementById(box.dataset.chart).textContent);
    const chart = echarts.init(box, null, { renderer: "canvas" });
    chart.setOption({ animation: !still, animationDuration: 250, textStyle: { fontFamily: FONT, color: INK }, ...drawers[data.kind](data) });
    if (data.links) {
      chart.on("click", ({ dataIndex }) => {
        const link = data.links[dataIndex];
        if (link) htmx.ajax("GET", link, "#drawer-body");
      });
    }
    if (data.hrefs) {
      chart.on("click", { seriesIndex: 0 }, ({ dataIndex }) => {
        if (data.hrefs[dataIndex]) window.location.assign(data.hrefs[dataIndex]);
      });
    }
    new ResizeObserver(() => chart.resize()).observe(box);
    window.addEventListener("beforeprint", () => chart.resize());
  }

  const all = () => document.querySelectorAll("[data-chart]").forEach(draw);
  all();
  document.addEventListener("htmx:afterSwap", all);
})();
