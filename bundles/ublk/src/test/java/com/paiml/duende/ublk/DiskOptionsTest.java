package com.paiml.duende.ublk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.ublk.serve.DeviceSpec;
import com.paiml.duende.ublk.targets.Algorithm;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DiskOptionsTest {
  private static DiskOptions parse(String... words) throws DaemonException {
    return DiskOptions.parse("disk", List.of(words), false, true);
  }

  @Test
  void options_are_read_in_both_forms() throws Exception {
    DiskOptions disk =
        parse("--target=zram:zstd", "--size", "1GiB", "--limit=256MiB", "--queues", "2");
    assertEquals(DiskOptions.Target.ZRAM, disk.target());
    assertEquals(Algorithm.ZSTD, disk.algorithm());
    assertEquals(1L << 30, disk.size());
    assertEquals(256L << 20, disk.limit());
    assertEquals(
        new DeviceSpec(
            -1,
            2,
            64,
            128 << 10,
            DeviceSpec.Survival.REISSUE,
            false,
            DeviceSpec.Copy.KERNEL,
            false),
        disk.device());
  }

  @Test
  void a_file_that_carries_swap_is_read_past_the_page_cache() throws Exception {
    assertTrue(parse("--target", "file:/disk", "--swap").direct());
  }

  @Test
  void a_pair_names_its_folder_and_has_something_to_take_over() throws Exception {
    String[] disk = {"--target=null", "--size", "4MiB"};
    assertEquals("/run/both", parse("--target=null", "--size=4MiB", "--pair=/run/both").pair());
    assertEquals("", parse(disk).pair());
    DaemonException relative =
        assertThrows(
            DaemonException.class, () -> parse("--target=null", "--size=4MiB", "--pair=both"));
    assertTrue(relative.getMessage().contains("no absolute path"), relative.getMessage());
    DaemonException nothing =
        assertThrows(
            DaemonException.class,
            () -> parse("--target=null", "--size=4MiB", "--pair=/run/both", "--recovery=none"));
    assertTrue(nothing.getMessage().contains("nothing to take over"), nothing.getMessage());
  }

  @Test
  void options_of_somebody_elses_target_are_passed_over() throws Exception {
    DiskOptions disk =
        DiskOptions.parse(
            "disk", List.of("--target-url", "x", "--target-key=y", "--id", "3"), true, true);
    assertEquals(3, disk.device().id());
  }

  @Test
  void only_a_file_can_do_without_a_copy() throws Exception {
    DiskOptions disk =
        DiskOptions.parse("disk", List.of("--target", "file:/x", "--copy", "none"), false, true);
    assertEquals(DeviceSpec.Copy.NONE, disk.device().copy());
    DaemonException refused =
        assertThrows(
            DaemonException.class,
            () ->
                DiskOptions.parse("disk", List.of("--size", "1M", "--copy", "none"), false, true));
    assertEquals(ErrorCode.CONFIGURATION, refused.code());
    assertTrue(refused.getMessage().contains("which is for files"), refused.getMessage());
    DaemonException unknown =
        assertThrows(
            DaemonException.class,
            () -> DiskOptions.parse("disk", List.of("--copy", "zero"), false, true));
    assertTrue(unknown.getMessage().contains("kernel, user and none"), unknown.getMessage());
  }

  @Test
  void without_privileges_a_disk_goes_with_its_server() throws Exception {
    DiskOptions disk = DiskOptions.parse("disk", List.of("--size", "1M"), false, false);
    assertEquals(DeviceSpec.Survival.NONE, disk.device().recovery());
    assertTrue(disk.device().unprivileged());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --swap             | io-flusher
          --pair /run/both   | no device waits for its next server
          --recovery reissue | --recovery reissue: Linux has none there
          --recovery fail    | --recovery fail: Linux has none there
          --copy user        | only privileged servers copy
          --copy none --target file:/x | to privileged servers only
          """)
  void what_linux_keeps_from_unprivileged_servers_is_refused_with_its_reason(
      String option, String reason) {
    List<String> words = List.of(("--size 1M " + option).split(" "));
    DaemonException refused =
        assertThrows(
            DaemonException.class, () -> DiskOptions.parse("disk", words, false, false), option);
    assertEquals(ErrorCode.PERMISSION_DENIED, refused.code());
    assertTrue(refused.getMessage().contains(reason), refused.getMessage());
    assertTrue(refused.getMessage().contains("run as root"), refused.getMessage());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --target tape --size 1M           | does not know the target tape
          --target zram:rar --size 1M       | does not know the compression rar
          --target memory                   | has no size
          --size 5000                       | is no multiple of 4096
          --size much                       | is not a size
          --size                            | needs a value
          --size 1M --queues 0              | is not a number from 1 to 64
          --size 1M --depth 5000            | is not a number from 1 to 4096
          --size 1M --max-io 1000           | is no multiple of 4096
          --size 1M --limit 1M              | is for a zram target only
          --size 1M --recovery maybe        | does not know the recovery maybe
          --size 1M --swap --recovery wait  | carries swap
          --size 1M --guard lax             | does not know --guard lax
          --size 1M --fast                  | does not know the option --fast
          """)
  void what_is_wrong_is_told(String words, String told) {
    DaemonException refused =
        assertThrows(DaemonException.class, () -> parse(words.trim().split(" +")));
    assertEquals(ErrorCode.CONFIGURATION, refused.code());
    assertTrue(refused.getMessage().contains(told), refused.getMessage());
  }
}
