--- Formats of results in the console: `:table`, `:wide`, `:json`, `:lua`, `:csv`. Each is a function (value, options)
-- -> text that ends in a newline; options as for reeve.print.

local print = require "reeve.print"

local M = {}

function M.table(v, options) return print.result(v, options) end

function M.wide(v, options)
  return print.result(v, { width = 0, color = options.color, view = options.view })
end

function M.json(v, options) return print.json(v, options) .. "\n" end

function M.lua(v, options) return print.literal(v, options) .. "\n" end

local function csv_cell(v)
  if v == nil or v == print.null then return "" end
  local text = type(v) == "string" and v or type(v) == "table" and print.json(v) or tostring(v)
  if not text:find('[",\r\n]') then return text end
  return '"' .. text:gsub('"', '""') .. '"'
end

local function csv_line(cells) return table.concat(cells, ",") .. "\n" end

--- A list of records as lines with a head (RFC 4180, lines end in LF), one value as one line.
function M.csv(v, options)
  local list, keys = print.records(v, options)
  if not list then return csv_line { csv_cell(v) } end
  local lines = { csv_line(keys) }
  for _, record in ipairs(list) do
    local cells = {}
    for i, key in ipairs(keys) do cells[i] = csv_cell(rawget(record, key)) end
    lines[#lines + 1] = csv_line(cells)
  end
  return table.concat(lines)
end

return M
