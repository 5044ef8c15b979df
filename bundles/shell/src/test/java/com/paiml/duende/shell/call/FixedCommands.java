package com.paiml.duende.shell.call;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Commands without a service registry. */
public final class FixedCommands implements Commands {
  private final Map<String, Object> services = new TreeMap<>();

  public FixedCommands with(String function, Object service) {
    services.put(function, service);
    return this;
  }

  @Override
  public Optional<Held> find(String scope, String function) {
    return scope.equals("duende")
        ? Optional.ofNullable(services.get(function)).map(s -> new Held(s, () -> {}))
        : Optional.empty();
  }

  @Override
  public List<String> names(String scope) {
    return scope.equals("duende") ? List.copyOf(services.keySet()) : List.of();
  }

  @Override
  public Map<String, String> summaries(String scope) {
    Map<String, String> summaries = new TreeMap<>();
    services.forEach(
        (name, service) -> summaries.put(name, HelpText.summary(service.getClass(), name)));
    return summaries;
  }

  @Override
  public Optional<String> help(String scope, String program, String function) {
    return find(scope, function).map(h -> HelpText.of(h.service().getClass(), program, function));
  }
}
