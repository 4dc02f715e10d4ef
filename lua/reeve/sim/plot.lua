--- Simulations as one SVG picture: for each candidate the processes (live, busy, spare, the floor) and below them the
-- clients who wait and those who were dropped, all on the same axes so that they can be compared; above, who came.
local plot = {}

local WIDTH <const>, LEFT <const>, RIGHT <const> = 900, 62, 24
local TOP_STRIP <const>, PROCESSES <const>, WAITING <const> = 54, 150, 74
local GAP <const>, TITLE <const>, HEAD <const>, FOOT <const> = 14, 24, 76, 44

-- Okabe and Ito's colours, which people with any kind of colour vision can tell apart.
local COLOUR = { live = "#0072B2", busy = "#009E73", spare = "#56B4E9", floor = "#D55E00", waiting = "#CC79A7",
  dropped = "#000000", arrived = "#999999", grid = "#E4E4E4", axis = "#666666", text = "#222222" }

local function xml(text)
  return (text:gsub("[&<>\"]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }))
end

local function number(x) return (("%.1f"):format(x):gsub("%.0$", "")) end

---- scales

-- A step of 1, 2 or 5 times a power of ten, so that there are about `wanted` of them.
local function step_of(most, wanted)
  local rough = math.max(most, 1e-9) / wanted
  local power = 10 ^ math.floor(math.log(rough, 10))
  for _, times in ipairs { 1, 2, 5, 10 } do
    if times * power >= rough then return times * power end
  end
end

local TIME_STEPS = { 1, 2, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 14400, 21600, 43200, 86400 }

local function time_step(duration)
  for _, step in ipairs(TIME_STEPS) do
    if duration / step <= 12 then return step end
  end
  return step_of(duration, 10)
end

local function time_text(seconds, duration)
  if duration > 7200 then return ("%d:%02d"):format(seconds // 3600, seconds % 3600 // 60) end
  return number(seconds)
end

local function most_of(list)
  local most = 0
  for _, value in ipairs(list) do most = math.max(most, value) end
  return most
end

-- A rectangle of the picture with a scale of values.
local function panel(y, height, most, label)
  local step = step_of(math.max(most, 1), height > 100 and 5 or 3)
  step = math.max(step, 1)
  return { y = y, height = height, step = step, most = math.max(step, math.ceil(most / step) * step), label = label }
end

local function x_of(picture, seconds) return LEFT + seconds / picture.duration * (WIDTH - LEFT - RIGHT) end
local function y_of(p, value) return p.y + p.height * (1 - value / p.most) end

---- drawing

local function add(picture, format, ...) picture.out[#picture.out + 1] = format:format(...) end

local function text(picture, x, y, what, more)
  add(picture, '<text x="%s" y="%s" %s>%s</text>', number(x), number(y), more or "", xml(what))
end

local function axes(picture, p, with_times)
  for value = 0, p.most + p.step / 2, p.step do
    local y = y_of(p, value)
    add(picture, '<line x1="%d" x2="%d" y1="%s" y2="%s" stroke="%s"/>', LEFT, WIDTH - RIGHT, number(y), number(y),
      value == 0 and COLOUR.axis or COLOUR.grid)
    text(picture, LEFT - 7, y + 4, ("%d"):format(value), 'text-anchor="end" class="tick"')
  end
  local step = time_step(picture.duration)
  for t = 0, picture.duration + 1e-6, step do
    local x = number(x_of(picture, t))
    add(picture, '<line x1="%s" x2="%s" y1="%s" y2="%s" stroke="%s"/>', x, x, number(p.y), number(p.y + p.height),
      COLOUR.grid)
    if with_times then
      text(picture, x_of(picture, t), p.y + p.height + 16, time_text(t, picture.duration),
        'text-anchor="middle" class="tick"')
    end
  end
  add(picture, '<text transform="translate(14 %s) rotate(-90)" text-anchor="middle" class="tick">%s</text>',
    number(p.y + p.height / 2), xml(p.label))
end

-- A line in steps: a value holds until the next one. (Where it stays, a point at each end is enough.)
local function points(picture, p, series, step)
  local list, n = {}, #series
  local function add_point(i, value)
    list[#list + 1] = number(x_of(picture, math.min(i * step, picture.duration))) .. "," .. number(y_of(p, value))
  end
  for i, value in ipairs(series) do
    if value ~= series[i - 1] then add_point(i - 1, value) end
    if value ~= series[i + 1] or i == n then add_point(i, value) end
  end
  return list
end

local function area(picture, p, series, step, colour, opacity)
  local list = points(picture, p, series, step)
  if #list == 0 then return end
  local base = number(y_of(p, 0))
  add(picture, '<polygon fill="%s" fill-opacity="%s" points="%s,%s %s %s,%s"/>', colour, opacity, LEFT, base,
    table.concat(list, " "), number(x_of(picture, math.min(#series * step, picture.duration))), base)
end

local function line(picture, p, series, step, colour, more)
  local list = points(picture, p, series, step)
  if #list == 0 then return end
  add(picture, '<polyline fill="none" stroke="%s" %s points="%s"/>', colour, more or 'stroke-width="1.4"',
    table.concat(list, " "))
end

-- One stroke up from the bottom for each step in which clients were dropped.
local function strokes(picture, p, series, step, colour)
  local path = {}
  for i, value in ipairs(series) do
    if value > 0 then
      path[#path + 1] = ("M%s %sV%s"):format(number(x_of(picture, (i - 0.5) * step)), number(y_of(p, 0)),
        number(y_of(p, math.min(value, p.most))))
    end
  end
  if #path > 0 then add(picture, '<path stroke="%s" stroke-width="1.6" d="%s"/>', colour, table.concat(path)) end
end

---- the picture

local LEGEND = { { "live processes", "live", "area" }, { "busy", "busy", "area" }, { "spare", "spare", "line" },
  { "floor", "floor", "dash" }, { "clients waiting", "waiting", "area" }, { "dropped", "dropped", "line" },
  { "clients coming", "arrived", "area" } }

local function legend(picture, y)
  local x = LEFT
  for _, item in ipairs(LEGEND) do
    local colour = COLOUR[item[2]]
    if item[3] == "area" then
      add(picture, '<rect x="%s" y="%s" width="18" height="10" fill="%s" fill-opacity="0.45" stroke="%s"/>', number(x),
        number(y - 9), colour, colour)
    else
      add(picture, '<line x1="%s" x2="%s" y1="%s" y2="%s" stroke="%s" stroke-width="2"%s/>', number(x), number(x + 18),
        number(y - 4), number(y - 4), colour, item[3] == "dash" and ' stroke-dasharray="5 3"' or "")
    end
    text(picture, x + 24, y, item[1], 'class="tick"')
    x = x + 36 + 6.6 * #item[1]
  end
end

local function per_second(series, step)
  local rates = {}
  for i, value in ipairs(series) do rates[i] = value / step end
  return rates
end

local function draw_processes(picture, p, s)
  axes(picture, p)
  area(picture, p, s.live, s.step, COLOUR.live, 0.25)
  line(picture, p, s.live, s.step, COLOUR.live)
  area(picture, p, s.busy, s.step, COLOUR.busy, 0.45)
  line(picture, p, s.spare, s.step, COLOUR.spare)
  line(picture, p, s.floor, s.step, COLOUR.floor, 'stroke-width="1.4" stroke-dasharray="5 3"')
end

local function draw_waiting(picture, p, s, is_last)
  axes(picture, p, is_last)
  area(picture, p, s.waiting, s.step, COLOUR.waiting, 0.45)
  line(picture, p, s.waiting, s.step, COLOUR.waiting)
  strokes(picture, p, s.dropped, s.step, COLOUR.dropped)
end

local STYLE = "text{font:13px sans-serif;fill:%s}.tick{font-size:11px;fill:#444}.title{font-size:17px;font-weight:bold}"
  .. ".name{font-size:13px;font-weight:bold}"

local function begin(title, subtitle, duration, height)
  local picture = { out = {}, duration = duration }
  add(picture, '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d">', WIDTH, height,
    WIDTH, height)
  add(picture, "<title>%s</title><style>%s</style>", xml(title), STYLE:format(COLOUR.text))
  add(picture, '<rect width="%d" height="%d" fill="#fff"/>', WIDTH, height)
  text(picture, LEFT, 26, title, 'class="title"')
  text(picture, LEFT, 46, subtitle, 'class="tick"')
  legend(picture, 66)
  return picture
end

local function most_in(columns, names)
  local most = 0
  for _, column in ipairs(columns) do
    for _, name in ipairs(names) do most = math.max(most, most_of(column.report.series[name])) end
  end
  return most
end

--- The picture of several candidates under one trace, as a text. columns = { { title, report, note }, ... } with the
-- reports of reeve.sim.report; the axes of all are the same.
function plot.svg(title, subtitle, duration, columns)
  local each = TITLE + PROCESSES + GAP + WAITING + GAP
  local height = HEAD + TOP_STRIP + GAP + each * #columns + FOOT
  local picture = begin(title, subtitle, duration, height)
  local first = columns[1].report.series
  local coming = per_second(first.arrived, first.step)
  local strip = panel(HEAD + 6, TOP_STRIP, most_of(coming), "clients/s")
  axes(picture, strip)
  area(picture, strip, coming, first.step, COLOUR.arrived, 0.6)
  local processes, waiting = most_in(columns, { "live", "floor" }), most_in(columns, { "waiting", "dropped" })
  local y = HEAD + TOP_STRIP + GAP + 6
  for i, column in ipairs(columns) do
    text(picture, LEFT, y + 16, column.title, 'class="name"')
    text(picture, WIDTH - RIGHT, y + 16, column.note or "", 'text-anchor="end" class="tick"')
    draw_processes(picture, panel(y + TITLE, PROCESSES, processes, "processes"), column.report.series)
    draw_waiting(picture, panel(y + TITLE + PROCESSES + GAP, WAITING, waiting, "clients"), column.report.series,
      i == #columns)
    y = y + each
  end
  text(picture, (LEFT + WIDTH - RIGHT) / 2, height - 12, duration > 7200 and "hours" or "seconds",
    'text-anchor="middle" class="tick"')
  add(picture, "</svg>")
  return table.concat(picture.out, "\n") .. "\n"
end

return plot
