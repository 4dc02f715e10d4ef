-- hybrid: the recommended default for busy pools: `policy = hybrid {}`.
--
-- A spare floor answers at once and the queueing model knows how many are really needed; what either wanted in the last minute
-- stays (settle). A crash loop is not fed (breaker) and fat processes are replaced (memory). Compared with
-- the others over six traces in docs/POLICIES.md.
--
-- options: settle = 60 (s), erlang, breaker, memory = the options of those
return function(options)
  options = options or {}
  return {
    settle(options.settle or 60, { min_avail(), erlang(options.erlang) }),
    breaker(options.breaker),
    memory(options.memory),
  }
end
