-- rush: keeps more processes ready while clients come fast.
--
-- options: above = 2 (clients a second, over the last ten seconds), spare = 4 (processes that can take clients).
-- A policy is a function of the facts `s` that returns its vote; votes of all policies meet (reeve-policy(7)).
return function(options)
  local above, spare = options.above or 2, options.spare or 4

  return function(s)
    local rate = s:rate("arrivals", 10)
    if not rate or rate <= above then return {} end -- no opinion
    return {
      spare = spare,
      wake = s.now + 5, -- ask me again, also when nothing happens
      why = ("%.1f clients a second"):format(rate),
    }
  end
end
