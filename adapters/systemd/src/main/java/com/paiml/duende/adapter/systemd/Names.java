package com.paiml.duende.adapter.systemd;

import com.paiml.duende.adapter.systemd.run.UnitRun;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.LaunchSpec;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Which run has a name: of two starts of one name, however close together, the second is refused. */
final class Names {
  /** Empty: it is being started. */
  private final Map<String, Optional<UnitRun>> holders = new HashMap<>();

  private static String key(LaunchSpec spec) {
    return spec.instance().id() + "/" + spec.name();
  }

  synchronized void reserve(LaunchSpec spec) throws DaemonException {
    Optional<UnitRun> holder = holders.get(key(spec));
    if (holder != null && !holder.map(UnitRun::hasEnded).orElse(false)) {
      throw new DaemonException(
          ErrorCode.ALREADY_EXISTS,
          spec.name(),
          holder.map(Names::describe).orElse("is being started already"),
          "stop it first");
    }
    holders.put(key(spec), Optional.empty());
  }

  synchronized void settle(UnitRun run) {
    holders.put(key(run.spec()), Optional.of(run));
  }

  /** Its start has failed. */
  synchronized void release(LaunchSpec spec) {
    holders.remove(key(spec), Optional.empty());
  }

  /** It is destroyed. */
  synchronized void forget(UnitRun run) {
    holders.remove(key(run.spec()), Optional.of(run));
  }

  private static String describe(UnitRun run) {
    String pid = run.handle().get(DaemonHandle.PID).map(p -> " (pid " + p + ")").orElse("");
    return "its run " + run.handle().generation() + pid + " goes on";
  }
}
