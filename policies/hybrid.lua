-- hybrid: the recommended default for busy pools: `policy = hybrid {}`.
--
-- A spare floor answers at once and the queueing model knows how many are really needed; what either wanted in the
-- last minute stays (settle). A crash loop is not fed (breaker) and fat processes are replaced (memory). Compared
-- with the others over six traces in docs/POLICIES.md.
--
-- options: settle = 60 (s), erlang, breaker, memory = the options of those
return function(given)
  local o = given or {}
  for name in pairs(o) do
    if not ({ settle = true, erlang = true, breaker = true, memory = true })[name] then
      error(("hybrid: there is no option '%s': settle, erlang, breaker and memory are"):format(tostring(name)), 0)
    end
  end
  return { settle(o.settle or 60, { min_avail(), erlang(o.erlang) }), breaker(o.breaker), memory(o.memory) }
end
