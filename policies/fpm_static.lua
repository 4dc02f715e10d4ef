-- fpm_static: php-fpm's pm = static: max_children processes, always. Use it as `only { fpm_static {...} }`.
--
-- A child that exits is started again at once, as there; unlike there a child that fails to start is throttled by
-- the master.
--
-- options: max_children (process_limit)
local ROWS = { max_children = { nil, 1, whole = true } }

return function(given)
  local o = options("fpm_static", given, ROWS)
  return {
    on = { "start", "reload" },
    run = function(s)
      local n = o.max_children or s.settings.process_limit
      return { at_least = n, at_most = n, why = "static" }
    end,
  }
end
