package com.paiml.duende.manager.ways;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.manager.file.DaemonFileReader;
import com.paiml.duende.manager.file.LocalFiles;
import com.paiml.duende.spi.PlatformAdapter;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With real folders, real events and a real clock. */
class FileWayTest {
  private static final int TRIES = 6;

  @TempDir Path folder;
  private final PaperManager paper = new PaperManager();
  private InFelix felix;
  private FileWay way;

  @BeforeEach
  void start() throws Exception {
    felix = new InFelix(folder);
    way = way();
  }

  private FileWay way() {
    return new FileWay(
        felix.context(),
        paper.manager(),
        new FileConfigReader(new DaemonFileReader(new Anywhere(), new LocalFiles("/bin"))),
        new FaultBoard());
  }

  @AfterEach
  void stop() throws Exception {
    way.close();
    felix.close();
  }

  @Test
  void a_file_that_comes_changes_and_goes_deploys_updates_and_removes() throws Exception {
    Path daemons = folder.resolve("etc/daemons");
    Eventually.holds("the folder is made", () -> Files.isDirectory(daemons));
    Path file = daemons.resolve("a.toml");
    Files.writeString(file, "name = 'a'\nbinary_path = '/bin/sh'\n");
    Eventually.holds("deployed", () -> paper.entries.containsKey("a"));
    Files.writeString(file, "name = 'a'\nbinary_path = '/bin/sh'\ninstances = 2\n");
    Eventually.holds("updated", () -> paper.entries.get("a").config().instances() == 2);
    Files.delete(file);
    Eventually.holds("removed", () -> paper.entries.isEmpty());
    assertEquals(List.of("deploy a", "deploy a", "remove a"), paper.taken());
  }

  @Test
  void a_file_that_was_there_when_the_manager_was_replaced_is_deployed() throws Exception {
    way.close();
    Path daemons = Files.createDirectories(folder.resolve("etc/daemons"));
    Files.writeString(daemons.resolve("a.toml"), "name = 'a'\nbinary_path = '/bin/sh'\n");
    way = way();
    Eventually.holds("deployed", () -> paper.entries.containsKey("a"));
  }

  @Test
  void a_folder_that_is_replaced_is_watched_again() throws Exception {
    Path daemons = folder.resolve("etc/daemons");
    Eventually.holds("the folder is made", () -> Files.isDirectory(daemons));
    Files.writeString(daemons.resolve("a.toml"), "name = 'a'\nbinary_path = '/bin/sh'\n");
    Eventually.holds("deployed", () -> paper.entries.containsKey("a"));
    Path other = folder.resolve("other");
    Files.createDirectory(other);
    Files.writeString(other.resolve("b.toml"), "name = 'b'\nbinary_path = '/bin/sh'\n");
    Files.move(daemons, folder.resolve("old"));
    Files.move(other, daemons);
    Eventually.holds("replaced", () -> paper.entries.keySet().equals(java.util.Set.of("b")));
  }

  @Test
  void an_adapter_that_comes_has_what_was_refused_tried_again_at_once() throws Exception {
    way.close();
    Path daemons = Files.createDirectories(folder.resolve("etc/daemons"));
    Files.writeString(daemons.resolve("a.toml"), "name = 'a'\nbinary_path = '/bin/sh'\n");
    paper.refusal =
        Optional.of(new DaemonException(ErrorCode.NOT_SUPPORTED, "a", "no adapter yet", ""));
    // Each look at it takes so long that the folders are looked through every two minutes only.
    AtomicLong clock = new AtomicLong();
    way =
        new FileWay(
            felix.context(),
            paper.manager(),
            new FileConfigReader(new DaemonFileReader(new Anywhere(), new LocalFiles("/bin"))),
            new FaultBoard(),
            () -> clock.addAndGet(30));
    Eventually.holds("it was tried", () -> paper.calls.size() == 1);
    // After so many refusals it is tried again after four minutes.
    for (int i = 2; i <= TRIES; i++) {
      int times = i;
      clock.addAndGet(Duration.ofMinutes(5).toMillis());
      Files.writeString(daemons.resolve("bell-" + i), "");
      Eventually.holds("it was tried again", () -> paper.calls.size() == times);
    }
    felix
        .context()
        .registerService(
            PlatformAdapter.class,
            (PlatformAdapter)
                Proxy.newProxyInstance(
                    getClass().getClassLoader(),
                    new Class<?>[] {PlatformAdapter.class},
                    (proxy, method, arguments) -> null),
            null);
    Eventually.holds("it was tried again", () -> paper.calls.size() == TRIES + 1);
  }
}
