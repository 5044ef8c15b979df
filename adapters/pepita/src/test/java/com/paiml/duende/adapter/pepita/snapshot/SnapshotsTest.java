package com.paiml.duende.adapter.pepita.snapshot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.adapter.pepita.channel.Secret;
import com.paiml.duende.adapter.pepita.monitor.SavedState;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is kept of a machine, and what is refused. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class SnapshotsTest {
  @TempDir private Path state;

  private Snapshots snapshots() {
    return Snapshots.of("web", state);
  }

  private Snapshot take(String label) throws Exception {
    Path disk = Files.write(state.resolve("disk-of-" + label), new byte[] {1, 2, 3});
    try (Draft draft = snapshots().begin(label, 1000)) {
      SavedState memory = Copy.copy(disk, draft.memory());
      draft.keep("root.disk", disk);
      return draft.finish(memory, 42, Secret.mint(), Map.of("the command", "/bin/web"));
    }
  }

  @Test
  void what_is_taken_is_read_again_whole_and_is_for_its_user_only() throws Exception {
    Snapshot taken = take("one");
    assertEquals(List.of("one"), snapshots().labels());
    assertEquals(taken, snapshots().get("one"));
    assertEquals(6, taken.bytes());
    snapshots().verify(snapshots().get("one"));
    for (Path file :
        List.of(
            taken.memory(),
            taken.secret(),
            taken.disk("root.disk"),
            taken.folder().resolve("snapshot.json"))) {
      assertEquals(
          "rw-------",
          PosixFilePermissions.toString(Files.getPosixFilePermissions(file)),
          file::toString);
    }
    assertEquals(
        "rwx------",
        PosixFilePermissions.toString(Files.getPosixFilePermissions(taken.folder().getParent())));
  }

  @Test
  void of_one_that_was_not_finished_nothing_is_left() throws Exception {
    try (Draft draft = snapshots().begin("half", 1000)) {
      Files.write(draft.memory(), new byte[10]);
    }
    assertEquals(List.of(), snapshots().labels());
    // A container that was killed has closed nothing.
    Path left = Files.createDirectory(state.resolve("snapshots/.dead.new"));
    Files.write(left.resolve("memory"), new byte[10]);
    assertEquals(List.of(), snapshots().labels());
    Snapshot _ = take("next");
    assertFalse(Files.exists(left), "the unfinished one is still there");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "..", "../x", "a/b", ".new", "A", "-x", "with space"})
  void a_label_that_is_no_name_of_a_folder_is_refused(String label) {
    DaemonException refusal =
        assertThrows(DaemonException.class, () -> snapshots().begin(label, 1));
    assertEquals(ErrorCode.CONFIGURATION, refusal.code());
    assertEquals(
        ErrorCode.CONFIGURATION,
        assertThrows(DaemonException.class, () -> snapshots().remove(label)).code());
  }

  @Test
  void one_that_is_there_is_not_written_over_and_one_that_is_not_is_not_found() throws Exception {
    Snapshot _ = take("one");
    assertEquals(
        ErrorCode.ALREADY_EXISTS, assertThrows(DaemonException.class, () -> take("one")).code());
    DaemonException refusal = assertThrows(DaemonException.class, () -> snapshots().get("another"));
    assertEquals(ErrorCode.NOT_FOUND, refusal.code());
    assertTrue(refusal.getMessage().contains("pepita snapshots web"), refusal.getMessage());
  }

  @Test
  void more_than_there_is_room_for_is_refused_before_anything_is_written() throws Exception {
    DaemonException refusal =
        assertThrows(DaemonException.class, () -> snapshots().begin("big", Long.MAX_VALUE));
    assertEquals(ErrorCode.RESOURCE_LIMIT, refusal.code());
    assertEquals(List.of(), snapshots().labels());
  }

  @ParameterizedTest
  @ValueSource(strings = {"memory", "secret", "root.disk"})
  void a_file_that_is_not_what_was_written_is_found(String name) throws Exception {
    Snapshot taken = take("one");
    Path file = taken.folder().resolve(name);
    byte[] bytes = Files.readAllBytes(file);
    bytes[0] ^= 1;
    Files.write(file, bytes);
    DaemonException refusal =
        assertThrows(DaemonException.class, () -> snapshots().verify(snapshots().get("one")));
    assertEquals(ErrorCode.INVALID_STATE, refusal.code());
    assertTrue(refusal.getMessage().contains(name), refusal.getMessage());
    Files.write(file, new byte[] {9});
    assertThrows(DaemonException.class, () -> snapshots().verify(snapshots().get("one")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{}", "{\"version\":2}", "{\"version\":1,\"taken\":\"now\"}"})
  void words_that_make_no_sense_are_a_damaged_snapshot_which_can_be_removed(String words)
      throws Exception {
    Snapshot taken = take("one");
    Files.writeString(taken.folder().resolve("snapshot.json"), words);
    DaemonException refusal = assertThrows(DaemonException.class, () -> snapshots().get("one"));
    assertTrue(refusal.getMessage().contains("damaged"), refusal.getMessage());
    snapshots().remove("one");
    assertEquals(List.of(), snapshots().labels());
    assertEquals(
        ErrorCode.NOT_FOUND,
        assertThrows(DaemonException.class, () -> snapshots().remove("one")).code());
  }

  @Test
  void another_machine_is_told_from_it_in_one_sentence() throws Exception {
    Snapshot taken = take("one");
    assertEquals("", taken.difference(Map.of("the command", "/bin/web")));
    assertEquals(
        "the command was /bin/web and is /bin/other",
        taken.difference(Map.of("the command", "/bin/other")));
  }
}
