package com.paiml.duende.shell.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.control.DaemonManager;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A command that comes while the manager is being replaced. */
class SupervisionTest {
  private final Supervision supervision = new Supervision(Duration.ofSeconds(30));

  private CompletableFuture<DaemonManager> ask() {
    CompletableFuture<DaemonManager> answer = new CompletableFuture<>();
    Thread _ =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  try {
                    answer.complete(supervision.manager());
                  } catch (DaemonException | RuntimeException e) {
                    answer.completeExceptionally(e);
                  }
                });
    return answer;
  }

  @Test
  void it_waits_for_the_next_one() throws Exception {
    DaemonManager old = new ScriptedManager();
    DaemonManager next = new ScriptedManager();
    supervision.addManager(old);
    assertSame(old, supervision.manager());
    supervision.removeManager(old);
    CompletableFuture<DaemonManager> waiting = ask();
    TimeUnit.MILLISECONDS.sleep(50);
    assertFalse(waiting.isDone(), "there is none");
    supervision.addManager(next);
    assertSame(next, waiting.get(20, TimeUnit.SECONDS));
  }

  @Test
  void the_next_one_stays_when_the_old_one_goes_after_it_has_come() throws Exception {
    DaemonManager old = new ScriptedManager();
    DaemonManager next = new ScriptedManager();
    supervision.addManager(old);
    supervision.addManager(next);
    supervision.removeManager(old);
    assertSame(next, supervision.manager());
  }

  @Test
  void a_container_without_one_says_so() {
    Supervision impatient = new Supervision(Duration.ofMillis(1));
    DaemonException refusal = assertThrows(DaemonException.class, impatient::manager);
    assertEquals(ErrorCode.NOT_FOUND, refusal.code());
  }
}
