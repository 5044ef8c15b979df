package com.paiml.duende.manager.engine;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.TraceContext;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** The environment of a program: a few variables of its user, then what the daemon file says. Nothing else is inherited. */
final class Environment {
  /** MAX_ARG_STRLEN of linux/binfmts.h: 32 pages for one string, with its zero. */
  static final int STRING_MAX = 128 * 1024;

  private static final String DEFAULT_PATH =
      "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

  private Environment() {}

  /** With the trace of the run, as OpenTelemetry's environment carrier has it; the daemon file may name another. */
  static List<String> of(DaemonConfig config, TraceContext trace, Users users)
      throws DaemonException {
    Map<String, String> env = new LinkedHashMap<>();
    env.put("PATH", Optional.ofNullable(System.getenv("PATH")).orElse(DEFAULT_PATH));
    String own = System.getProperty("user.name", "");
    String name = config.user().isEmpty() ? own : config.user();
    Optional<Users.User> user = users.find(name);
    if (user.isPresent()) {
      env.put("HOME", user.get().home());
      env.put("USER", user.get().name());
      env.put("LOGNAME", user.get().name());
      env.put("SHELL", user.get().shell().isEmpty() ? "/bin/sh" : user.get().shell());
    } else if (config.user().isEmpty()) {
      env.put("HOME", System.getProperty("user.home", "/"));
      env.put("USER", own);
      env.put("LOGNAME", own);
      env.put("SHELL", Optional.ofNullable(System.getenv("SHELL")).orElse("/bin/sh"));
    } else {
      env.put("USER", name);
      env.put("LOGNAME", name);
    }
    Optional.ofNullable(System.getenv("LANG")).ifPresent(l -> env.put("LANG", l));
    trace.inject((header, value) -> env.put(header.toUpperCase(Locale.ROOT), value));
    for (String variable : config.env()) {
      int equals = variable.indexOf('=');
      env.put(
          equals < 0 ? variable : variable.substring(0, equals),
          equals < 0 ? "" : variable.substring(equals + 1));
    }
    List<String> all = new ArrayList<>(env.size());
    for (Map.Entry<String, String> e : env.entrySet()) {
      String variable = e.getKey() + "=" + e.getValue();
      checkLength(config.name(), "the variable " + e.getKey(), variable);
      all.add(variable);
    }
    return all;
  }

  static void checkArguments(DaemonConfig config) throws DaemonException {
    int i = 0;
    for (String argument : config.args()) {
      checkLength(config.name(), "argument " + ++i, argument);
    }
  }

  private static void checkLength(String daemon, String what, String text) throws DaemonException {
    int bytes = text.getBytes(StandardCharsets.UTF_8).length + 1;
    if (bytes > STRING_MAX) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION,
          daemon,
          what + " has " + bytes + " bytes; a program is given at most " + STRING_MAX + " in one",
          "put it into a file and pass the file's name");
    }
  }
}
