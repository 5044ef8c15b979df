package com.paiml.duende.mlock;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.Diagnostic;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Tells the doctor whether memory could be locked here, by the kernel's own rule: locking it to see would cost what it costs. */
@Component
public final class LockDiagnostic implements Diagnostic {
  private static final String AREA = "memory locking";

  private final JvmMemoryLock lock;

  @Activate
  public LockDiagnostic(@Reference JvmMemoryLock lock) {
    this.lock = lock;
  }

  @Override
  public List<Finding> examine(Deadline deadline) {
    try {
      Standing now = lock.standing();
      String text =
          (now.locked() > 0 ? now.locked() + " bytes are locked" : "nothing is locked")
              + ", RLIMIT_MEMLOCK "
              + JvmMemoryLock.words(now.limit())
              + ", CAP_IPC_LOCK "
              + (now.privileged() ? "held" : "not held");
      return List.of(
          now.mayLockWhatIsMapped()
              ? new Finding(AREA, Verdict.OK, text, "")
              : new Finding(
                  AREA,
                  Verdict.DEGRADED,
                  text,
                  "lock_memory needs CAP_IPC_LOCK or a higher RLIMIT_MEMLOCK"
                      + " (LimitMEMLOCK=infinity; in a container --cap-add=IPC_LOCK --ulimit"
                      + " memlock=-1:-1)"));
    } catch (DaemonException cannot) {
      return List.of(new Finding(AREA, Verdict.ABSENT, cannot.problem(), cannot.remedy()));
    }
  }
}
