package com.paiml.duende.adapter.container;

import com.paiml.duende.adapter.container.http.Json;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.Sandbox;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The daemon file's filter on system calls as a profile for engines. It takes the place of the engine's own.
 *
 * @see <a href="https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md#seccomp">OCI runtime specification,
 *     “Seccomp”</a>
 */
final class SeccompProfile {
  private static final String ALLOW = "SCMP_ACT_ALLOW";

  private SeccompProfile() {}

  static String of(Sandbox.Syscalls calls) throws DaemonException {
    String denied =
        switch (calls.action()) {
          case KILL -> "SCMP_ACT_KILL_PROCESS";
          case ERRNO -> "SCMP_ACT_ERRNO";
          case LOG -> "SCMP_ACT_LOG";
        };
    List<Map<String, Object>> rules = new ArrayList<>();
    List<String> allowed = new ArrayList<>(calls.allow());
    allowed.removeAll(calls.deny());
    if (calls.allowByDefault()) {
      if (!calls.deny().isEmpty()) {
        rules.add(Map.of("names", calls.deny(), "action", denied));
      }
    } else if (!allowed.isEmpty()) {
      rules.add(Map.of("names", allowed, "action", ALLOW));
    }
    return Json.write(
        Map.of("defaultAction", calls.allowByDefault() ? ALLOW : denied, "syscalls", rules));
  }
}
