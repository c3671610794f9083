// Draws the night: P(aurora) with what was announced, a strip of cloud, and the keogram under the same hours.

const STATUS = 4, LINE = 5;
const LEFT = 34, RIGHT = 8, TOP = 8, BOTTOM = 20, STRIP = 8;

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function prepared(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const { width, height } = canvas.getBoundingClientRect();
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false; // a column must not fade into its neighbours
  context.scale(ratio, ratio);
  context.clearRect(0, 0, width, height);
  return [context, width, height];
}

// The hours that the plot spans: all rows, and an hour at least.
export function span(rows) {
  if (!rows.length) return null;
  let first = Infinity, last = -Infinity;
  for (const [time] of rows) { first = Math.min(first, time); last = Math.max(last, time); }
  const missing = Math.max(0, 3600 - (last - first));
  return [first - missing / 2, last + missing / 2];
}

export function place(time, [first, last], width) {
  return LEFT + (time - first) / (last - first) * (width - LEFT - RIGHT);
}

export function timeAt(x, [first, last], width) {
  return first + (x - LEFT) / (width - LEFT - RIGHT) * (last - first);
}

// Half the usual step between pictures, in s: how far a picture's colour reaches.
function reach(rows) {
  const steps = rows.slice(1).map((row, number) => row[0] - rows[number][0]).filter((step) => step > 0);
  steps.sort((one, other) => one - other);
  return (steps[Math.floor(steps.length / 2)] ?? 60) / 2;
}

function hours(context, at, width, height, hasLabels) {
  const [first, last] = at;
  const enough = Math.max(2, (width - LEFT - RIGHT) / 70);
  const step = [900, 1800, 3600, 7200, 10800, 21600].find((each) => (last - first) / each <= enough) ?? 43200;
  context.textAlign = "center";
  for (let time = Math.ceil(first / step) * step; time <= last; time += step) {
    const x = place(time, at, width);
    context.fillStyle = colour("line");
    context.fillRect(x, TOP, 1, height - TOP - (hasLabels ? BOTTOM : 0));
    if (!hasLabels) continue;
    context.fillStyle = colour("quiet");
    context.fillText(new Date(time * 1000).toISOString().slice(11, 16), x, height - 5);
  }
}

export function drawChart(canvas, night) {
  const [context, width, height] = prepared(canvas);
  context.font = "12px system-ui, sans-serif";
  const at = span(night.rows);
  const hasCloud = night.rows.some((row) => row[3]);
  const foot = height - BOTTOM - STRIP - 4;
  const y = (p) => foot - p * (foot - TOP);
  if (at) {
    hours(context, at, width, height, true);
    const half = reach(night.rows);
    for (const [time, p, on, cloud, status] of night.rows) {
      // whole pixels, so that neighbours neither overlap nor leave a seam
      const x = Math.round(place(time - half, at, width));
      const wide = Math.max(1, Math.round(place(time + half, at, width)) - x);
      if (on) {
        context.fillStyle = `${colour("yes")}33`;
        context.fillRect(x, TOP, wide, foot - TOP);
      }
      if (p === null) context.fillStyle = colour("bad");
      else if (hasCloud && cloud) context.fillStyle = colour(cloud);
      else continue;
      context.fillRect(x, foot + 4, wide, STRIP);
    }
  }
  context.textAlign = "right";
  for (const p of [0, 0.5, 1]) {
    context.fillStyle = colour("line");
    context.fillRect(LEFT, y(p), width - LEFT - RIGHT, 1);
    context.fillStyle = colour("quiet");
    context.fillText(String(p), LEFT - 6, y(p) + 4);
  }
  context.setLineDash([3, 4]);
  context.strokeStyle = colour("quiet");
  for (const level of new Set([night.p_begin, night.p_end])) {
    context.beginPath();
    context.moveTo(LEFT, y(level));
    context.lineTo(width - RIGHT, y(level));
    context.stroke();
  }
  context.setLineDash([]);
  if (!at) return;
  context.strokeStyle = colour("p");
  context.lineWidth = 1.5;
  context.beginPath();
  let before = null;
  for (const [time, p] of night.rows) {
    if (p === null) continue;
    const x = place(time, at, width);
    const isNear = before !== null && Math.abs(time - before) < 1200;
    if (isNear) context.lineTo(x, y(p)); else { context.moveTo(x - 1, y(p)); context.lineTo(x, y(p)); }
    before = time;
  }
  context.stroke();
}

export function drawKeogram(canvas, night, picture) {
  const [context, width, height] = prepared(canvas);
  context.font = "12px system-ui, sans-serif";
  context.fillStyle = colour("raised");
  context.fillRect(LEFT, 0, width - LEFT - RIGHT, height);
  const at = span(night.rows);
  if (!at || !picture) return;
  const half = reach(night.rows);
  for (const row of night.rows) {
    const line = row[LINE];
    if (line === null || line >= picture.naturalWidth || row[STATUS] !== "ok") continue;
    const x = Math.max(LEFT, Math.round(place(row[0] - half, at, width)));
    const end = Math.min(width - RIGHT, Math.round(place(row[0] + half, at, width)));
    context.drawImage(picture, line, 0, 1, picture.naturalHeight, x, 0, Math.max(1, end - x), height);
  }
}
