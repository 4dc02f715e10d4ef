--- import: the tree of a dovecot.conf (compat/doveconf.lua) as a Reeve config. Services, listeners, limits and what
-- Dovecot's master itself used are carried over; everything else stays in dovecot.conf, where the programs read it
-- through their config process. What cannot be carried over is noted, one sentence each. What differs from Dovecot's
-- own defaults is marked, so that a reader finds what is the administrator's.

local literal = require "reeve.literal"
local purposes = require "reeve.compat.purposes"
local kinds = require "reeve.compat.values"

local M = {}

local Import = {}
Import.__index = Import

local VALUE, quoted, list = kinds.KINDS, literal.quoted, literal.list

function Import:put(indent, format, ...)
  self.lines[#self.lines + 1] = ("  "):rep(indent) .. format:format(...)
end

--- Says what is lost, to who runs the command and in the config itself.
function Import:note(indent, format, ...)
  local sentence = format:format(...)
  self.notes[#self.notes + 1] = sentence
  self:put(indent, "-- not carried over: %s", sentence)
end

-- ---- settings { }: doveconf's name, kind of value

local GLOBALS = {
  { "base_dir", "text" }, { "state_dir", "text" }, { "libexec_dir", "text" }, { "protocols", "protocols" },
  { "listen", "words" }, { "ssl", "ssl" }, { "default_client_limit", "count" }, { "default_process_limit", "count" },
  { "default_idle_kill", "duration" }, { "default_vsz_limit", "size" }, { "default_internal_user", "text" },
  { "default_internal_group", "text" }, { "default_login_user", "text" }, { "auth_worker_max_count", "count" },
  { "shutdown_clients", "unless" }, { "log_path", "text" }, { "info_log_path", "text" }, { "debug_log_path", "text" },
  { "log_timestamp", "text" }, { "syslog_facility", "text" }, { "instance_name", "text" }, { "log_debug", "text" },
  { "verbose_proctitle", "flag" }, { "stats_writer_socket_path", "exactly" },
}

-- What systemd tells its own child: Reeve is not Dovecot's master and these would be lies.
local SYSTEMDS = { LISTEN_PID = true, LISTEN_FDS = true, NOTIFY_SOCKET = true }

function Import:environment(text)
  local kept = {}
  for word in text:gmatch "%S+" do
    if not SYSTEMDS[word] then kept[#kept + 1] = word end
  end
  self:put(1, "import_environment = %s,", list(kept))
end

-- Where 0 stands for another setting.
local ZERO = { client_limit = "default_client_limit", process_limit = "default_process_limit",
  idle_kill = "default_idle_kill" }

local function default_shown(row, text)
  if text == "" and row[2] ~= "root" then return "none" end
  local value = VALUE[row[2]](text)
  return value or (text:find "^0" and ZERO[row[1]]) or (row[1] == "vsz_limit" and "default_vsz_limit") or text
end

-- The end of a line that says what Dovecot's default does not.
local function mark(row, text, defaults)
  local default = defaults and defaults[row[1]]
  if not default or default == text then return "" end
  return (" -- dovecot.conf; default %s"):format(default_shown(row, default))
end

--- defaults: the same block of a dovecot.conf that says nothing; nil: there is none.
function Import:setting(indent, row, values, of, defaults)
  local text = values[row[1]]
  if text == nil then return end
  local value, wrong = VALUE[row[2]](text)
  if wrong then return self:note(indent, "%s%s: %s", of and of .. ": " or "", row[1], wrong) end
  local marked = mark(row, text, defaults)
  if value then return self:put(indent, "%s = %s,%s", row[3] or row[1], value, marked) end
  if marked == "" then return end
  if row[2] == "count" then return self:put(indent, "%s = 0,%s", row[1], marked) end
  self:put(indent, "-- %s: %s%s", row[1], default_shown(row, text), marked:gsub(" %-%-", " in", 1))
end

function Import:globals()
  local values = self.tree.values
  self:put(0, "settings {")
  for _, row in ipairs(GLOBALS) do self:setting(1, row, values, nil, self.defaults and self.defaults.values) end
  self:environment(values.import_environment or "TZ")
  self:put(1, 'stop_timeout = "5s", -- as long as Dovecot\'s master waits for clients before it ends all the same')
  self:put(1, "doveadm = true, -- <base_dir>/master and master.pid, as doveadm expects them")
  self:put(0, "}")
end

-- ---- listeners

local LISTENER = {
  unix_listener = { { "mode", "exactly" }, { "user", "text" }, { "group", "text" } },
  inet_listener = { { "address", "words" }, { "port", "exactly" }, { "ssl", "flag" }, { "haproxy", "flag" },
    { "reuse_port", "flag" } },
}
LISTENER.fifo_listener = LISTENER.unix_listener

local function known_names(rows, more)
  local names = {}
  for _, row in ipairs(rows) do names[row[1]] = true end
  for _, name in ipairs(more or {}) do names[name] = true end
  return names
end

local EXTRA = { unix_listener = { "path" }, fifo_listener = { "path" }, inet_listener = { "name" } }

--- What nobody here knows.
function Import:unknown(indent, what, block, known)
  for _, name in ipairs(block.order) do
    if not known[name] then
      self:note(indent, "%s: the setting %s = %s", what, name, block.values[name])
    end
  end
end

local function mode_text(text)
  return tonumber(text, 8) == 0 and "0" or ("%04o"):format(tonumber(text, 8) or 0)
end

-- A name, also where there is none: the process is told the empty one.
local function listener_name(block)
  if block.kind == "inet_listener" and block.title == "" then return "unnamed", "" end
  return block.title
end

local function find_block(blocks, kind, title)
  for _, block in ipairs(blocks) do
    if block.kind == kind and block.title == title then return block end
  end
end

-- What a listener has that Dovecot's default of that name has not.
local function listener_mark(rows, block, default)
  if not default then return " -- dovecot.conf" end
  local parts = {}
  for _, row in ipairs(rows) do
    local text, before = block.values[row[1]], default.values[row[1]]
    if before and text ~= before then
      parts[#parts + 1] = ("%s %s"):format(row[1], before == "" and "none" or before)
    end
  end
  return #parts > 0 and " -- dovecot.conf; default " .. table.concat(parts, ", ") or ""
end

function Import:listener(service, block, default)
  local rows, parts = LISTENER[block.kind], {}
  local what = ("service %s, %s %s"):format(service.title, block.kind, block.title)
  local name, told = listener_name(block)
  if told then parts[1] = ("name = %s"):format(quoted(told)) end
  for _, row in ipairs(rows) do
    local text = block.values[row[1]]
    local value, wrong
    if text and row[1] == "mode" then value = quoted(mode_text(text))
    elseif text and row[1] == "port" then value = text
    elseif text then value, wrong = VALUE[row[2]](text) end
    if wrong then self:note(1, "%s: %s: %s", what, row[1], wrong) end
    if value then parts[#parts + 1] = ("%s = %s"):format(row[1], value) end
  end
  self:unknown(1, what, block, known_names(rows, EXTRA[block.kind]))
  if block.values.reuse_port == "yes" then
    self:note(1, "%s: reuse_port opens one socket here that all processes share, not one a process", what)
  end
  local marked = self.defaults and
    listener_mark(rows, block, default and find_block(default.blocks, block.kind, block.title)) or ""
  self:put(1, "%s %s { %s },%s", block.kind, quoted(name), table.concat(parts, ", "), marked)
end

-- ---- services

local SERVICE = {
  { "executable", "text" }, { "type", "text" }, { "protocol", "text" }, { "user", "root" }, { "group", "text" },
  { "extra_groups", "words" }, { "privileged_group", "text" }, { "chroot", "text" },
  { "drop_priv_before_exec", "flag" }, { "client_limit", "count" }, { "service_count", "count" },
  { "process_limit", "count" }, { "process_min_avail", "count" }, { "idle_kill", "duration" },
  { "vsz_limit", "size" },
}
local SERVICE_NAMES = known_names(SERVICE)

local function program_of(self, service)
  local program = service.values.executable:match "^%S+" or ""
  if program:sub(1, 1) == "/" then return program end
  return ("%s/%s"):format(self.tree.values.libexec_dir or "/usr/lib/dovecot", program)
end

-- Users and groups that this machine does not know would make the whole config wrong.
function Import:known_ids(service)
  local function check(block, name, find)
    local value = block.values[name]
    if not value or value == "" or value:find "^%$" or value:find "^#?%d+$" then return end
    if not self.names[find] or self.names[find](value) then return end
    self:note(0, "service %s: there is no %s '%s' on this system: make it, or the config stays in error",
      service.title, find, value)
  end
  check(service, "user", "user")
  check(service, "group", "group")
  check(service, "privileged_group", "group")
  for _, block in ipairs(service.blocks) do
    check(block, "user", "user")
    check(block, "group", "group")
  end
end

function Import:skips(service)
  if service.values.executable == "" then
    self:put(0, "-- service %s: dovecot.conf gives it no executable, so there is none", quoted(service.title))
    return true
  end
  local program = program_of(self, service)
  if self.probe(program) == "ok" then return false end
  self:note(0, "service %s: %s is not there, or cannot be run", service.title, program)
  return true
end

function Import:headline(service, default)
  if purposes[service.title] then self:put(0, "-- %s", purposes[service.title])
  elseif self.defaults and not default then self:put(0, "-- of dovecot.conf alone") end
  self:known_ids(service)
end

function Import:blocks(service, default)
  for _, block in ipairs(service.blocks) do
    if LISTENER[block.kind] then
      self:listener(service, block, default)
    else
      self:note(1, "service %s: the block %s {}", service.title, ((block.kind .. " " .. block.title):gsub(" $", "")))
    end
  end
end

function Import:service(service)
  if self:skips(service) then return self:put(0, "") end
  local default = self.defaults and find_block(self.defaults.blocks, "service", service.title)
  self:headline(service, default)
  self:put(0, "service %s {", quoted(service.title))
  self:put(1, 'contract = "dovecot",')
  if self.tree.values.shutdown_clients == "no" then self:put(1, 'stop_timeout = "never",') end
  for _, row in ipairs(SERVICE) do
    self:setting(1, row, service.values, "service " .. service.title, default and default.values)
  end
  if service.values.type == "config" then
    self:put(1, "env = { CONFIG_FILE = %s }, -- it reads the file; all others ask it", quoted(self.file))
  end
  self:blocks(service, default)
  self:unknown(1, "service " .. service.title, service, SERVICE_NAMES)
  self:put(0, "}")
  self:put(0, "")
end

-- Of what nobody does any more.
function Import:key(key)
  if not key or not key.is_encrypted or key.password ~= "" then return end
  self:note(0, "ssl_key: %s is encrypted, and nobody asks for its password as `dovecot -p` does: write "
    .. "ssl_key_password = </FILE (root's, 0600) in dovecot.conf, or take it away: openssl pkey -in %s -out NEW",
    key.path, key.path)
end

--- The config as text, and the list of sentences about what is not in it.
---@param tree table of doveconf.parse
---@param options table file: path of dovecot.conf; probe(path) -> "ok" …; names: user(name), group(name); defaults:
--- the tree of a dovecot.conf that says nothing; key: { path, is_encrypted, password } of ssl_key
---@return string, string[]
function M.config(tree, options)
  local self = setmetatable({ tree = tree, file = options.file, lines = {}, notes = {},
    probe = options.probe or function() return "ok" end, names = options.names or {},
    defaults = options.defaults }, Import)
  self:put(0, "-- %s, as `reeve import dovecot` read it. Everything else is still read from that file", self.file)
  self:put(0, "-- by Dovecot's own programs; services and listeners in it are not used any more. See docs/DOVECOT.md.")
  if self.defaults then
    self:put(0, "-- What dovecot.conf says is marked `-- dovecot.conf`; all else are Dovecot's defaults.")
  end
  self:key(options.key)
  self:globals()
  self:put(0, "")
  for _, block in ipairs(tree.blocks) do
    if block.kind == "service" then self:service(block) end
  end
  if self.lines[#self.lines] == "" then self.lines[#self.lines] = nil end
  return table.concat(self.lines, "\n") .. "\n", self.notes
end

return M
