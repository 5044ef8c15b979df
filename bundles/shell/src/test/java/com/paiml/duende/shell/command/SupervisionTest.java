package com.paiml.duende.shell.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.spi.Deadline;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A command that comes while the manager is being replaced. */
class SupervisionTest {
  private volatile @Nullable DaemonManager registered;
  private final Supervision supervision =
      new Supervision(Duration.ofSeconds(30), () -> Optional.ofNullable(registered));

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
  void it_finds_the_next_one_before_it_has_been_told_of_it() throws Exception {
    CompletableFuture<DaemonManager> waiting = ask();
    DaemonManager next = new ScriptedManager();
    registered = next;
    assertSame(next, waiting.get(20, TimeUnit.SECONDS));
    assertTrue(supervision.find().isEmpty(), "it has not been told");
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
  void what_the_manager_that_leaves_refuses_is_asked_of_the_next_one() throws Exception {
    DaemonManager old = new ScriptedManager();
    DaemonManager next = new ScriptedManager();
    supervision.addManager(old);
    List<DaemonManager> asked = new ArrayList<>();
    supervision.tell(
        m -> {
          boolean _ = asked.add(m);
          if (m.equals(old)) {
            // It refuses first, and is taken away then.
            supervision.addManager(next);
            throw new DaemonException(ErrorCode.MANAGER_GONE, "", "leaves", "");
          }
        });
    assertEquals(List.of(old, next), asked);
  }

  @Test
  void no_other_refusal_is_asked_of_another_one() {
    DaemonManager only = new ScriptedManager();
    supervision.addManager(only);
    List<DaemonManager> asked = new ArrayList<>();
    DaemonException refusal =
        assertThrows(
            DaemonException.class,
            () ->
                supervision.tell(
                    m -> {
                      boolean _ = asked.add(m);
                      throw new DaemonException(ErrorCode.INVALID_STATE, "web", "runs", "");
                    }));
    assertEquals(ErrorCode.INVALID_STATE, refusal.code());
    assertEquals(List.of(only), asked);
  }

  @Test
  void a_manager_that_leaves_and_is_not_replaced_says_so() {
    Supervision impatient = new Supervision(Duration.ofMillis(1), Optional::empty);
    impatient.addManager(new ScriptedManager());
    DaemonException refusal =
        assertThrows(
            DaemonException.class,
            () ->
                impatient.tell(
                    m -> {
                      throw new DaemonException(ErrorCode.MANAGER_GONE, "", "leaves", "");
                    }));
    assertEquals(ErrorCode.MANAGER_GONE, refusal.code());
  }

  @Test
  void a_deployment_that_waits_looks_at_the_next_one() throws Exception {
    ScriptedManager old = new ScriptedManager();
    old.afterDeploy = DaemonStatus.STARTING;
    supervision.addManager(old);
    Deployment deployment = new Deployment(supervision);
    deployment.read("web.toml", "web.toml", "web".getBytes(StandardCharsets.UTF_8));
    deployment.deploy(true, true, false);
    assertEquals(DaemonStatus.STARTING, deployment.infos().getFirst().status());
    supervision.removeManager(old);
    assertEquals(DaemonStatus.STARTING, deployment.infos().getFirst().status());
    supervision.addManager(new ScriptedManager().with("web", DaemonStatus.RUNNING));
    deployment.awaitReady(Deadline.after(Duration.ofMinutes(1)));
    assertEquals(DaemonStatus.RUNNING, deployment.infos().getFirst().status());
  }

  @Test
  void a_deployment_that_waits_for_one_of_many_does_not_look_at_all_of_them() throws Exception {
    List<String> looks = new ArrayList<>();
    ScriptedManager manager =
        new ScriptedManager() {
          @Override
          public List<DaemonInfo> list() {
            boolean _ = looks.add("all");
            return super.list();
          }

          @Override
          public Optional<DaemonInfo> find(String name) {
            boolean _ = looks.add(name);
            if (looks.stream().filter("web"::equals).count() == 2) {
              var _ = with("web", DaemonStatus.RUNNING);
            }
            return super.list().stream().filter(d -> d.name().equals(name)).findFirst();
          }
        };
    manager.afterDeploy = DaemonStatus.STARTING;
    supervision.addManager(manager);
    Deployment deployment = new Deployment(supervision);
    deployment.read("web.toml", "web.toml", "web".getBytes(StandardCharsets.UTF_8));
    deployment.deploy(true, true, false);
    looks.clear();
    deployment.awaitReady(Deadline.after(Duration.ofMinutes(1)));
    assertEquals(List.of("", "all", "web", "web", "all", "all"), looks);
  }

  @Test
  void a_container_without_one_says_so() {
    Supervision impatient = new Supervision(Duration.ofMillis(1), Optional::empty);
    DaemonException refusal = assertThrows(DaemonException.class, impatient::manager);
    assertEquals(ErrorCode.NOT_FOUND, refusal.code());
  }
}
