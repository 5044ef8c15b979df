package com.paiml.duende.shell.call;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The commands that there are, now. */
public interface Commands {

  /**
   * A command's service, to be given back by {@link #close}.
   *
   * @param service with a method of the command's name
   * @param release gives it back
   */
  record Held(Object service, Runnable release) implements AutoCloseable {
    @Override
    public void close() {
      release.run();
    }
  }

  /** The command of that scope and name with the highest ranking. */
  Optional<Held> find(String scope, String function);

  /** The names of a scope's commands, sorted. */
  List<String> names(String scope);

  /** Names and summaries of a scope's commands, sorted by name. */
  Map<String, String> summaries(String scope);

  /** The help of a command; empty when there is none of that name. */
  Optional<String> help(String scope, String program, String function);
}
