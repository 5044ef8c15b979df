package com.paiml.duende.manager.ways;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.ConfigFault;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.control.DeployOptions;
import com.paiml.duende.manager.file.DaemonFileReader;
import com.paiml.duende.manager.file.LocalFiles;
import com.paiml.duende.manager.file.Surroundings;
import com.paiml.duende.spi.Diagnostic;
import com.paiml.duende.spi.TableSchema;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DaemonFilesTest {
  @TempDir Path folder;
  private final PaperManager manager = new PaperManager();
  private final Set<String> adapters = new TreeSet<>(Set.of("native"));
  private final FaultBoard board = new FaultBoard();
  private long now = 1_000_000;

  /** Milliseconds that pass whenever the clock is read. */
  private long eachLook;

  private long written = 1_000_000_000_000L;
  private DaemonFiles files;

  @BeforeEach
  void start() throws Exception {
    Files.createDirectories(folder.resolve("daemons"));
    Files.createDirectories(folder.resolve("groups"));
    files = container();
  }

  /** What a container that starts does: a new object, the same files. */
  private DaemonFiles container() {
    Surroundings here =
        new Surroundings() {
          @Override
          public Optional<TableSchema> table(String platform) {
            return adapters.contains(platform)
                ? Optional.of(new TableSchema(platform, List.of()))
                : Optional.empty();
          }

          @Override
          public Set<String> platforms() {
            return adapters;
          }

          @Override
          public boolean hasPolicyEngine() {
            return false;
          }
        };
    return new DaemonFiles(
        folder,
        folder.resolve("memory"),
        manager.manager(),
        new FileConfigReader(new DaemonFileReader(here, new LocalFiles("/bin"))),
        board,
        () -> now += eachLook);
  }

  @Test
  void folders_that_take_long_to_look_through_are_looked_through_less_often() throws Exception {
    write("a", "");
    files.step();
    assertEquals(DaemonFiles.RETRY, files.step());

    eachLook = 2;
    long slow = files.step();
    assertTrue(slow > DaemonFiles.RETRY && slow <= DaemonFiles.LONGEST, slow + " ms");

    eachLook = 1_000;
    assertEquals(DaemonFiles.LONGEST, files.step());
  }

  @Test
  void files_that_are_there_at_the_start_are_deployed_groups_first_in_the_order_of_dependence()
      throws Exception {
    write("a", "[depends]\nrequires = ['b']\ngroup = 'shop'\n");
    write("b", "[depends]\nafter = ['c']\n");
    write("c", "");
    Files.writeString(folder.resolve("groups/shop.toml"), "name = 'shop'\n");
    files.step();
    assertEquals(List.of("group shop", "deploy c", "deploy b", "deploy a"), manager.taken());
    assertEquals(file("a").toString(), manager.entries.get("a").options().origin());
  }

  @Test
  void what_has_not_changed_is_left_alone_also_by_the_next_container() throws Exception {
    write("a", "");
    files.step();
    manager.taken();
    settle();
    files = container();
    settle();
    assertEquals(List.of(), manager.taken());
  }

  @Test
  void a_changed_file_updates_its_daemon_and_does_not_start_what_an_operator_stopped()
      throws Exception {
    write("a", "");
    files.step();
    write("a", "instances = 2\n");
    settle();
    assertEquals(2, manager.entries.get("a").config().instances());
    manager.entries.computeIfPresent(
        "a", (n, e) -> new PaperManager.Entry(e.config(), e.options(), DaemonStatus.STOPPED));
    manager.taken();
    write("a", "instances = 3\n");
    settle();
    assertEquals(List.of("deploy a stopped"), manager.taken());
  }

  @Test
  void a_file_that_is_still_being_written_is_not_read() throws Exception {
    files.step();
    Files.writeString(file("a"), "name = 'a'\nbinary");
    files.step();
    now += 100;
    Files.writeString(file("a"), "name = 'a'\nbinary_path = '/bin/sh'\ninst");
    files.step();
    now += 100;
    files.step();
    assertEquals(List.of(), manager.taken());
    assertEquals(List.of(), board.faults());
    now += 100;
    // Somebody pauses in the middle: that is not held against the file at once either.
    files.step();
    assertEquals(List.of(), board.faults());
    write("a", "");
    settle();
    assertEquals(List.of("deploy a"), manager.taken());
    assertEquals(List.of(), board.faults());
  }

  @Test
  void a_broken_file_is_reported_and_the_daemon_goes_on_as_it_was() throws Exception {
    write("a", "");
    files.step();
    manager.taken();
    Files.writeString(file("a"), "name = 'a'\nbinary_path = '/bin/sh'\nrestart = 'sometimes'\n");
    settle();
    now += DaemonFiles.PATIENCE;
    files.step();
    assertEquals(List.of(), manager.taken());
    assertEquals(
        List.of(file("a") + ":3 restart"),
        board.faults().stream().map(f -> f.origin() + ":" + f.line() + " " + f.key()).toList());
    assertEquals(Diagnostic.Verdict.BROKEN, board.examine(null).getFirst().verdict());
    write("a", "instances = 2\n");
    settle();
    assertEquals(List.of("deploy a"), manager.taken());
    assertEquals(List.of(), board.faults());
    assertEquals(Diagnostic.Verdict.OK, board.examine(null).getFirst().verdict());
  }

  @Test
  void a_broken_file_does_not_hold_up_the_others() throws Exception {
    Files.writeString(file("bad"), "name = 5");
    Files.createDirectories(file("folder"));
    Files.createSymbolicLink(file("loop"), file("loop"));
    Files.write(file("latin"), new byte[] {'#', (byte) 0xE9});
    Files.write(file("big"), new byte[2 << 20]);
    write("good", "");
    files.step();
    now += DaemonFiles.PATIENCE + 1;
    files.step();
    assertEquals(List.of("deploy good"), manager.taken());
    assertEquals(
        Set.of("bad.toml", "folder.toml", "loop.toml", "latin.toml", "big.toml"),
        Set.copyOf(
            board.faults().stream()
                .map(ConfigFault::origin)
                .map(o -> Path.of(o).getFileName().toString())
                .distinct()
                .toList()));
    Files.delete(file("bad"));
    settle();
    assertTrue(board.faults().stream().noneMatch(f -> f.origin().contains("bad")));
  }

  @Test
  void a_deleted_file_removes_its_daemon_and_a_renamed_one_replaces_it() throws Exception {
    write("a", "");
    write("b", "");
    files.step();
    manager.taken();
    Files.delete(file("a"));
    settle();
    settle();
    assertEquals(List.of("remove a"), manager.taken());
    // As editors save: another file takes the name.
    Path fresh = folder.resolve("fresh");
    Files.writeString(fresh, text("b", "instances = 2\n"));
    Files.move(fresh, file("b"), StandardCopyOption.REPLACE_EXISTING);
    settle();
    assertEquals(List.of("deploy b"), manager.taken());
  }

  @Test
  void a_file_that_was_deleted_while_the_container_was_down_removes_its_daemon() throws Exception {
    write("a", "");
    files.step();
    manager.taken();
    Files.delete(file("a"));
    files = container();
    settle();
    settle();
    assertEquals(List.of("remove a"), manager.taken());
  }

  @Test
  void a_daemon_that_somebody_deployed_otherwise_since_stays_when_its_old_file_goes()
      throws Exception {
    write("a", "");
    files.step();
    manager.entries.computeIfPresent(
        "a", (n, e) -> new PaperManager.Entry(e.config(), DeployOptions.DEFAULT, e.status()));
    manager.taken();
    Files.delete(file("a"));
    settle();
    settle();
    assertEquals(List.of(), manager.taken());
  }

  @Test
  void a_file_whose_daemon_has_another_name_now_removes_the_one_before() throws Exception {
    write("a", "");
    files.step();
    manager.taken();
    Files.writeString(file("a"), text("other", ""));
    settle();
    assertEquals(List.of("deploy other", "remove a"), manager.taken());
  }

  @Test
  void of_two_files_with_one_name_the_first_has_it_and_the_second_takes_over() throws Exception {
    write("a", "");
    Files.writeString(file("b"), text("a", "instances = 2\n"));
    files.step();
    now += DaemonFiles.PATIENCE + 1;
    files.step();
    assertEquals(List.of("deploy a"), manager.taken());
    assertEquals(
        file("b")
            + ": name: \"a\" is what "
            + file("a")
            + " describes; give it another name, or"
            + " remove one of the two",
        board.faults().getFirst().toString());
    Files.delete(file("a"));
    settle();
    settle();
    settle();
    assertTrue(manager.taken().contains("deploy a"));
    assertEquals(2, manager.entries.get("a").config().instances());
    assertEquals(List.of(), board.faults());
  }

  @Test
  void a_file_whose_adapter_is_not_there_is_deployed_when_it_comes() throws Exception {
    write("a", "platform = 'systemd'\n");
    files.step();
    now += DaemonFiles.PATIENCE + 1;
    files.step();
    assertEquals("platform", board.faults().getFirst().key());
    adapters.add("systemd");
    files.tryAgain();
    files.step();
    assertEquals(List.of("deploy a"), manager.taken());
    assertEquals(List.of(), board.faults());
  }

  @Test
  void what_the_manager_refuses_is_reported_and_tried_again() throws Exception {
    manager.refusal =
        Optional.of(new DaemonException(ErrorCode.IO, "a", "the disk is full", "make room"));
    write("a", "");
    files.step();
    now += DaemonFiles.PATIENCE + 1;
    files.step();
    assertEquals(
        file("a") + ": a: the disk is full; make room", board.faults().getFirst().toString());
    manager.refusal = Optional.empty();
    now += DaemonFiles.RETRY;
    files.step();
    assertEquals(1, manager.entries.size());
    assertEquals(List.of(), board.faults());
  }

  @Test
  void group_files_are_defined_changed_and_forgotten() throws Exception {
    Path group = folder.resolve("groups/shop.toml");
    files.step();
    Files.writeString(group, "name = 'shop'\n");
    settle();
    Files.writeString(group, "name = 'shop'\nintensity = 7\n");
    settle();
    assertEquals(7, manager.groups.get("shop").intensity());
    Files.delete(group);
    settle();
    settle();
    assertEquals(List.of("group shop", "group shop", "remove group shop"), manager.taken());
  }

  @Test
  void a_folder_that_is_not_there_is_no_fault() throws Exception {
    Files.delete(folder.resolve("daemons"));
    files.step();
    Files.createDirectory(folder.resolve("daemons"));
    write("a", "");
    settle();
    assertEquals(List.of("deploy a"), manager.taken());
  }

  @Test
  void the_next_step_is_due_when_something_may_have_changed() throws Exception {
    assertEquals(DaemonFiles.RETRY, files.step());
    write("a", "");
    assertTrue(files.step() <= DaemonFiles.RETRY);
  }

  private void settle() throws Exception {
    files.step();
    now += DaemonFiles.SETTLED + 1;
    files.step();
  }

  private Path file(String name) {
    return folder.resolve("daemons").resolve(name + ".toml");
  }

  private void write(String name, String more) throws Exception {
    Files.writeString(file(name), text(name, more));
    // Time is simulated here and passes faster than the file system's clock ticks: each write has a
    // time of its own.
    Files.setLastModifiedTime(file(name), FileTime.fromMillis(++written));
  }

  private static String text(String name, String more) {
    return "name = '" + name + "'\nbinary_path = '/bin/sh'\n" + more;
  }

  @Test
  @SuppressWarnings("ReferenceEquality") // equal faults of two readings are two objects
  void a_file_that_stays_broken_is_read_less_and_less_often_until_something_changes()
      throws Exception {
    write("a", "platform = 'elsewhere'\n");
    files.step();
    long begin = now;
    List<Long> told = new ArrayList<>();
    for (Object last = fault(); now - begin < 24L * 3_600_000; now += 1_000) {
      long _ = files.step();
      if (fault() != last) {
        last = fault();
        told.add(now - begin);
      }
    }
    assertTrue(told.size() < 40, () -> "read " + told.size() + " times in a day: " + told);
    assertTrue(told.getFirst() <= 2 * DaemonFiles.RETRY, told::toString);
    assertTrue(told.getLast() > 22L * 3_600_000, "it is not tried any more");
    Object before = fault();
    files.tryAgain();
    long _ = files.step();
    assertNotSame(before, fault(), "something has changed, and it was not tried");
    adapters.add("elsewhere");
    files.tryAgain();
    long _ = files.step();
    assertTrue(manager.entries.containsKey("a"));
  }

  /** What is on the board; each reading that finds a fault puts another object there. */
  private Object fault() {
    return board.faults().isEmpty() ? "" : board.faults().getFirst();
  }
}
