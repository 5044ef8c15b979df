package com.paiml.duende.adapter.pepita;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.adapter.pepita.image.Digests;
import com.paiml.duende.adapter.pepita.monitor.Programs;
import com.paiml.duende.adapter.pepita.snapshot.Snapshot;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.Recovery;
import com.paiml.duende.testkit.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Real machines of QEMU, written down and taken up again. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class SnapshotTest {
  /** Its number, a random one, the time and the time since its boot, in lines. */
  private static final String COUNTER =
      "i=0; while :; do i=$((i+1)); r=$(head -c 16 /dev/urandom | md5sum);"
          + " echo \"$i ${r% *} $(date +%s) $(cut -d. -f1 /proc/uptime)\"; sleep 0.1; done";

  private Lab lab;

  @BeforeEach
  void open() throws Exception {
    lab = new Lab();
  }

  @AfterEach
  void close() throws Exception {
    if (lab != null) {
      lab.close();
    }
  }

  private record Line(int number, String random, long time, long sinceBoot) {
    static Line of(String text) {
      String[] words = text.split(" +", -1);
      return new Line(
          Integer.parseInt(words[0]), words[1], Long.parseLong(words[2]), Long.parseLong(words[3]));
    }
  }

  private List<Line> lines(DaemonHandle handle) throws Exception {
    return lab.log(handle).stream().map(Line::of).toList();
  }

  private Snapshot take(DaemonHandle handle, String label) throws Exception {
    return lab.adapter().all().getFirst().snapshot(label, lab.standing(handle), Lab.deadline());
  }

  private DaemonHandle takeUp(DaemonHandle running, LaunchSpec spec, String label)
      throws Exception {
    Snapshot _ = lab.adapter().takeUpNext(spec.name(), spec.stateDirectory(), label);
    end(running);
    return lab.start(spec);
  }

  private void end(DaemonHandle running) throws Exception {
    lab.adapter().kill(running, Lab.deadline());
    lab.adapter().destroy(running, Lab.deadline());
  }

  private void awaitLines(DaemonHandle handle, int count) throws Exception {
    Await.until(count + " lines", Lab.PATIENCE, () -> lab.log(handle).size() >= count);
  }

  @Test
  void a_machine_goes_on_from_its_snapshot_each_time_with_other_random_numbers_and_the_right_time()
      throws Exception {
    LaunchSpec spec = lab.shell(COUNTER);
    DaemonHandle handle = lab.start(spec);
    awaitLines(handle, 5);
    Snapshot taken = take(handle, "five");
    String kept = Files.readString(spec.logFile()).substring(0, (int) taken.position());
    int last = Line.of(kept.strip().lines().toList().getLast()).number();
    awaitLines(handle, last + 10);
    Set<String> random = new TreeSet<>();
    // What the first line after it says may have been drawn before: the second's was not.
    random.add(lines(handle).get(last + 1).random());
    for (int round = 0; round < 2; round++) {
      Instant before = Instant.now();
      DaemonHandle next = takeUp(handle, spec, "five");
      assertNotEquals(handle.pid(), next.pid());
      handle = next;
      int logged = lab.log(handle).size();
      awaitLines(handle, logged + 3);
      List<Line> all = lines(handle);
      int from = all.size() - 1;
      while (all.get(from - 1).number() < all.get(from).number()) {
        from--;
      }
      assertEquals(last + 1, all.get(from).number(), () -> "of " + all);
      Line second = all.get(from + 1);
      assertTrue(random.add(second.random()), "the same random number in two lives");
      assertTrue(
          second.time() >= before.getEpochSecond(),
          () -> "it believes that it is " + second.time() + ", long after " + before);
      assertTrue(
          second.sinceBoot() <= all.get(last - 1).sinceBoot() + 30,
          "the time since its boot counts what it was not there");
    }
    PepitaAdapter after = lab.reopen();
    assertInstanceOf(
        Recovery.Running.class, after.recover(handle, spec, new Lab.Events(), Lab.deadline()));
    int logged = lab.log(handle).size();
    awaitLines(handle, logged + 3);
    // And what was recovered can be written down, too.
    Snapshot again = take(handle, "again");
    assertEquals(taken.machine(), again.machine());
  }

  @Test
  void what_cannot_be_taken_up_is_refused_in_one_sentence_and_nothing_is_left() throws Exception {
    LaunchSpec spec = lab.shell(COUNTER);
    DaemonHandle handle = lab.start(spec);
    Snapshot taken = take(handle, "one");
    assertEquals(
        ErrorCode.ALREADY_EXISTS,
        assertThrows(DaemonException.class, () -> take(handle, "one")).code());
    lab.adapter().pause(handle, Lab.deadline());
    DaemonException refusal = assertThrows(DaemonException.class, () -> take(handle, "two"));
    assertTrue(refusal.getMessage().contains("resume it first"), refusal.getMessage());
    lab.adapter().resume(handle, Lab.deadline());

    // Of another QEMU: told before the machine that runs is ended.
    Path words = taken.folder().resolve("snapshot.json");
    String right = Files.readString(words);
    Files.writeString(
        words, right.replace("monitor's version\":\"", "monitor's version\":\"0.9, not "));
    refusal =
        assertThrows(
            DaemonException.class,
            () -> lab.adapter().takeUpNext(spec.name(), spec.stateDirectory(), "one"));
    assertTrue(refusal.getMessage().contains("monitor's version was 0.9"), refusal.getMessage());

    // A state that QEMU does not understand, though it is what was written.
    Path memory = taken.memory();
    byte[] bytes = Files.readAllBytes(memory);
    byte[] noise = java.util.Arrays.copyOf(bytes, 100_000);
    Files.write(memory, noise);
    Files.writeString(
        words,
        right
            .replace(taken.state().sha256(), HexFormat.of().formatHex(Digests.of(memory)))
            .replace("\"bytes\":" + bytes.length, "\"bytes\":" + noise.length));
    refusal = assertThrows(DaemonException.class, () -> takeUp(handle, spec, "one"));
    assertEquals(ErrorCode.INVALID_STATE, refusal.code(), refusal.getMessage());
    assertTrue(refusal.getMessage().contains("cannot be taken up"), refusal.getMessage());
    assertEquals(List.of(), lab.leftovers(spec));
    assertFalse(lab.adapter().forgetTakeUp(spec.name()), "the next start would take it up, too");

    // Afresh it starts all the same.
    DaemonHandle fresh = lab.start(spec);
    awaitLines(fresh, 1);
  }

  @Test
  @Tag("long")
  void disks_that_are_written_to_and_a_network_are_as_they_were() throws Exception {
    assumeTrue(Programs.find("mke2fs").isPresent(), "there is no mke2fs (apt install e2fsprogs)");
    Path root = MachineTest.rootfs(lab);
    byte[] content = new byte[20 << 20];
    new Random(1).nextBytes(content);
    Path big = Files.write(lab.folder.resolve("big"), content);
    LaunchSpec spec =
        lab.spec(
            new Payload.Vm(root.toString(), "/bin/busybox"),
            List.of(
                "sh",
                "-c",
                "i=0; while :; do i=$((i+1)); echo $i >> /count; s=$(md5sum < /deep/big);"
                    + " echo \"$i ${s% *} $(wc -l < /count) 0\"; sleep 0.1; done"),
            Map.of("writable", true, "network", "user", "files", List.of(big + ":/deep/big")),
            b -> b);
    DaemonHandle handle = lab.start(spec);
    awaitLines(handle, 3);
    Snapshot taken = take(handle, "disks");
    assertEquals(Set.of("root.disk", "files.ext4"), taken.disks().keySet());
    String kept = Files.readString(spec.logFile()).substring(0, (int) taken.position());
    int last = Line.of(kept.strip().lines().toList().getLast()).number();
    awaitLines(handle, last + 5);
    Files.delete(big);
    DaemonHandle next = takeUp(handle, spec, "disks");
    int logged = lab.log(next).size();
    awaitLines(next, logged + 5);
    List<Line> all = lines(next);
    Line end = all.getLast();
    assertTrue(end.number() < all.size(), () -> "it has not gone back: " + all);
    assertEquals(end.number(), end.time(), "the disk is not of the moment of the memory");
    assertEquals(Set.of(end.random()), Set.copyOf(all.stream().map(Line::random).toList()));
  }

  @Test
  @Tag("long")
  void a_machine_without_a_number_of_its_generation_is_refused() throws Exception {
    DaemonHandle handle =
        lab.start(
            lab.spec(
                new Payload.Program("/bin/sleep"),
                List.of("3600"),
                Map.of("machine", "microvm"),
                b -> b));
    DaemonException refusal = assertThrows(DaemonException.class, () -> take(handle, "one"));
    assertEquals(ErrorCode.NOT_SUPPORTED, refusal.code());
  }
}
