--- What happened, out of a recording: the events of reeve.happenings, one by one, with no policy asked.
local happenings = require "reeve.happenings"
local walk = require "reeve.walk"

local past = {}
local Visitor = {}
Visitor.__index = Visitor

-- What is known of services and processes, without the rest of reeve.facts.
local function take_state(self, taken)
  self.names, self.services, self.by_id = {}, {}, {}
  for i, s in ipairs(taken.services) do
    self.names[i] = s.name
    local processes = {}
    for id, p in pairs(s.processes) do
      processes[id] = p
      self.by_id[id] = i
    end
    self.services[i] = { processes = processes, stopped = s.n.stopped }
  end
end

local learn = {}

function learn.process(self, msg)
  self.services[msg.svc].processes[msg.process] = { pid = msg.pid, ready = msg.ready }
  self.by_id[msg.process] = msg.svc
end

function learn.exit(self, msg)
  self.services[msg.svc].processes[msg.process], self.by_id[msg.process] = nil, nil
end

function learn.pool(self, msg) self.services[msg.svc].stopped = msg.stopped end

function Visitor:generation(config)
  if self.generation_known ~= config.generation then
    self.fresh = config.generation
  end
  self.generation_known = config.generation
end

function Visitor:state(taken, block)
  take_state(self, taken)
  if self.on_state then self.on_state(taken) end
  if self.began then
    self.happenings:report("begin", { generation = self.generation_known, resumed = not self.fresh })
  end
  self.began, self.fresh = true, nil
  self:hand_out(block)
end

function Visitor:input(name, fields)
  if name == "note" then return self.happenings:note(table.unpack(fields)) end
  if fields.svc and not self.services[fields.svc] then return end
  self.happenings:report(name, fields)
  if learn[name] then learn[name](self, fields) end
end

function Visitor:hand_out(block)
  if self.til and block.wall > self.til then return false end
  local going = true
  self.happenings:deliver(block.wall, function(event)
    if going ~= false and block.wall >= self.since then going = self.each(event) end
  end)
  return going
end

function Visitor:turn(_, _, decision, block)
  self.happenings:decision(decision)
  return self:hand_out(block)
end

--- Calls each(event) for what happened from `since` on, up to `til` (ms of wall time; nil: to the end); false ends it.
-- on_state(taken), optional: the state that the walk begins with. Returns true, or nil and a sentence.
function past.events(rec, options, each)
  local self = setmetatable({ since = options.since or math.mininteger, til = options.til, each = each,
    on_state = options.on_state, names = {}, services = {}, by_id = {} }, Visitor)
  self.happenings = happenings.new {
    wanted = function() return true end,
    name_of = function(svc) return self.names[svc] or "?" end,
    process = function(svc, id) return self.services[svc].processes[id] end,
    stopped = function(svc) return self.services[svc].stopped end,
    service_of = function(id) return self.by_id[id] or "?" end,
  }
  local blocks, sentence = walk.through(rec, options.since, self)
  if not blocks then return nil, sentence end
  return true
end

return past
