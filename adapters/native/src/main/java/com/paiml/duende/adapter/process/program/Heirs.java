package com.paiml.duende.adapter.process.program;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.linux.process.Pidfd;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LaunchSpec;
import java.time.Duration;
import java.util.BitSet;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

/** The programs that were started in the place of others and are not taken up yet: at most one of a name. */
final class Heirs {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final int CODES = 256;
  private static final int SIGNALS = 64;
  private static final int SIGKILL = 9;
  private static final int SIGSYS = 31;

  private final Map<String, Heir> heirs = new ConcurrentHashMap<>();

  private static String key(LaunchSpec spec) {
    return spec.instance().id() + "/" + spec.name();
  }

  Heir add(LaunchSpec spec, Pidfd process, LimitGroup group) {
    Heir heir = new Heir(spec, process, group);
    heirs.put(key(spec), heir);
    return heir;
  }

  /** The one that was started for exactly that; any other of the name is gone when this returns. */
  Optional<Pidfd> take(LaunchSpec spec, Deadline deadline) {
    Heir heir = heirs.get(key(spec));
    if (heir == null) {
      return Optional.empty();
    }
    if (!heir.claim()) {
      heir.awaitGone(deadline);
      return Optional.empty();
    }
    boolean wanted = heir.isFor(spec);
    if (!wanted) {
      heir.end();
    }
    heirs.remove(key(spec), heir);
    return wanted ? Optional.of(heir.take()) : Optional.empty();
  }

  /** Nobody takes it up, unless somebody has. */
  void forgo(LaunchSpec spec, Heir heir) {
    if (heir.claim()) {
      heir.end();
      heirs.remove(key(spec), heir);
    } else {
      heir.awaitGone(Deadline.after(PATIENCE));
    }
  }

  /** The exit codes after which it follows. */
  static BitSet codes(Predicate<ExitReason> follows) {
    BitSet all = new BitSet(CODES);
    for (int code = 0; code < CODES; code++) {
      all.set(code, follows.test(ExitReason.ofCode(code)));
    }
    return all;
  }

  /** The signals after whose killing it follows, whatever else may be known of why they were sent. */
  static BitSet signals(DaemonConfig config, Predicate<ExitReason> follows) {
    BitSet all = new BitSet(SIGNALS + 1);
    for (int signal = 1; signal <= SIGNALS; signal++) {
      all.set(
          signal,
          follows.test(new ExitReason.Signalled(signal, false))
              && follows.test(new ExitReason.Signalled(signal, true)));
    }
    if (!follows.test(LinuxRun.outOfMemory(config.resources()))) {
      all.clear(SIGKILL);
    }
    if (config.sandbox().syscalls().isPresent() && !follows.test(LinuxRun.forbiddenCall())) {
      all.clear(SIGSYS);
    }
    return all;
  }
}
