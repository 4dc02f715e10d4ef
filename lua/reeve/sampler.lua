--- Memory and cpu of every process, once a second, without a long turn.
--
--   sampler = sampler.new{ host, proc, now = ms }     host: reeve.policyhost; proc: reeve.proc
--   sampler:work(now)         reads the processes of one slice; at the end of a round the host is told
--   sampler:next_wake()       when to call it next (ms)
--
-- A round takes a second and is cut into slices of about SLICE processes: reading /proc costs some microseconds a
-- process, and policies and consoles wait for as long as a slice takes. What a round found is told at its end, all at
-- once, so that a policy never sees half of it. Memory is read in each round, processor time in every fifth: it
-- counts in steps of 10 ms, which say little about one second.
local sampler = {}
local Sampler = {}
Sampler.__index = Sampler

local ROUND <const> = 1000 -- ms
local SLICE <const> = 64 -- processes
local SLICES_MOST <const> = 50
local CPU_EVERY <const> = 5 -- rounds

-- The processes that there are now; what was read of one is kept in its record from round to round.
local function list_processes(self)
  local list, known, n = {}, {}, 0
  for _, service in ipairs(self.host.world.services) do
    for id, p in next, service.processes do
      local record = self.records[id] or { id = id, pid = p.pid, born = p.born, cpu_ms = 0, cpu_at = p.born }
      record.pid = p.pid
      n = n + 1
      list[n], known[id] = record, record
    end
  end
  self.list, self.records = list, known
  return n
end

local function begin_round(self, now)
  local n = list_processes(self)
  self.round = self.round + 1
  self.slices = math.max(1, math.min(SLICES_MOST, (n + SLICE - 1) // SLICE))
  self.slice, self.began = 0, now
end

local function read_slice(self)
  local n = #self.list
  local first, last = self.slice * n // self.slices + 1, (self.slice + 1) * n // self.slices
  local cpu = (self.round - 1) % CPU_EVERY == 0
  self.proc.sample(self.list, first, last, cpu)
  self.slice = self.slice + 1
end

local function end_round(self)
  self.host:sample(self.records, self.proc.host())
end

--- Does what is due at `now` (ms).
function Sampler:work(now)
  if now < self.due then return end
  if self.slice == self.slices then begin_round(self, now) end
  read_slice(self)
  if self.slice == self.slices then end_round(self) end
  self.due = self.began + ROUND * self.slice // self.slices
  if self.due <= now - ROUND then self.due = now end -- we stood still: no catching up
end

--- When there is something to do (ms).
function Sampler:next_wake() return self.due end

--- See the top of the file.
function sampler.new(options)
  return setmetatable({ host = options.host, proc = options.proc, records = {}, list = {}, round = 0, slice = 0,
    slices = 0, began = options.now, due = options.now }, Sampler)
end

return sampler
