--- Simulating: a trace (reeve.trace) played in virtual time against the production pool (reeve.pool's C) and the
-- production policy host, with the reports that the master sends, at its pace.
--
--   result = simulate.run { trace = t, services = { { name = "imap", settings = {...}, policy = p } }, seed = 1 }
--
-- options of run:
--   trace      reeve.trace.new(...)
--   services   as config.load gives them: name, settings = { name = canonical }, policy. Their policies are run, so
--              each run needs fresh ones where a policy keeps something outside its `st`
--   seed       an integer (1): of the trace's chance, the model's and s:rand(); the same seed gives the same run
--   policies   name -> constructor | nil, sentence: where the built-in policies come from
--   wall       function(now ms) -> {unix, sec, wday, zone}; without it the trace begins on a Monday at 00:00
--   decisions  function(line): the decision log, one line for each vote, standing order, retire and kill
--   progress   function(share of the duration): called now and then
--   log        function(level, text): what policies and the host log
--
-- A result is { trace, seed, services = { [name] = report }, order = { names } }; the fields of a report are in
-- reeve.sim.report, which also makes tables, JSON and the side-by-side of many. Raises what the trace raises and what
-- is a bug; a policy that fails costs its vote, as in production, and is in the report (`failures`).
local simulate = {}

--- See above. (The engine follows; the interface is settled.)
function simulate.run(_) error "reeve.simulate: the engine is not merged yet" end

return simulate
