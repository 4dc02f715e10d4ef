--- The machine of a simulation: memory and pressure as policies see them, once a second.
--
-- Memory is what processes hold (the model's fresh size and what clients left) and what other tenants use. Full
-- pressure appears when less than PSI_FROM of it is free: then some task always waits for memory. (A model: where
-- the kernel begins to stall depends on what can be reclaimed.)
local machine = {}

local PSI_FROM <const> = 0.08 -- share of the memory that is free when stalls begin
local PSI_FULL <const> = 40   -- percent of the time, then

--- The machine has so many bytes.
function machine.total(run, bytes)
  run.mem_total = bytes
  run.world:memory_total(math.max(0, bytes - (run.tenants and run.tenants.used or 0)))
end

--- Other tenants: a record of kind host.
function machine.tenants(run, record)
  run.tenants = run.tenants or {}
  for _, name in ipairs { "used", "psi_full", "psi_cpu", "load" } do
    if record[name] then run.tenants[name] = record[name] end
  end
  machine.total(run, run.mem_total)
end

local function host_facts(run)
  local tenants, total = run.tenants or {}, run.mem_total
  local free = math.max(0, total - run.world:memory() - (tenants.used or 0))
  return { mem_total = total, mem_avail = free, ncpu = run.models[1].cpus, load = tenants.load or 0,
    psi_cpu = tenants.psi_cpu or 0, psi_full = tenants.psi_full or free < PSI_FROM * total and PSI_FULL or 0 }
end

local function process_facts(run)
  local samples, world = {}, run.world
  for i = 1, #run.reports do
    local k = 1
    while true do
      local id, bytes = world:process_memory(i, k)
      if not id then break end
      samples[id] = { rss = bytes, private = bytes }
      k = k + 1
    end
  end
  return samples
end

--- What the sampler of the engine would have seen now goes into the facts.
function machine.sample(run) run.host.world:sample(process_facts(run), host_facts(run)) end

return machine
