package com.paiml.duende.itest.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.itest.container.Distribution;
import com.paiml.duende.itest.launcher.Installation.Answer;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Given a data folder of its own, {@code bin/duende} starts, keeps and stops a container as its documentation says. */
class LauncherIT {
  @TempDir Path folder;
  private Installation duende;

  @BeforeEach
  void install() {
    duende = Installation.of(folder);
  }

  @AfterEach
  void endContainers() throws IOException {
    duende.close();
  }

  @Test
  void upReturnsWhenTheContainerIsReadyAndSaysWhereItIs() throws Exception {
    Answer up = duende.call("up");
    assertEquals(0, up.status(), up.text());
    long pid = duende.container().orElseThrow().pid();
    assertEquals("Duende is up (pid " + pid + ", data in " + duende.data() + ").\n", up.text());
    assertTrue(duende.log().contains("ready in "), duende.log());
    assertFalse(duende.log().contains("not started"), duende.log());
  }

  @Test
  void upTwiceKeepsTheFirstContainer() throws Exception {
    duende.call("up");
    long pid = duende.container().orElseThrow().pid();
    Answer again = duende.call("up");
    assertEquals(0, again.status(), again.text());
    assertTrue(again.text().contains("is up already (pid " + pid), again.text());
    assertEquals(pid, duende.container().orElseThrow().pid());
  }

  @Test
  void aSecondContainerOnOneDataFolderIsRefusedByName() throws Exception {
    duende.call("up");
    long pid = duende.container().orElseThrow().pid();
    Answer second = duende.call("up", "--foreground");
    assertEquals(1, second.status(), second.text());
    assertTrue(
        second.text().startsWith("duende: another Duende (pid " + pid + ") uses "), second.text());
    assertTrue(duende.container().orElseThrow().isAlive());
  }

  @Test
  void termStopsTheBundlesInOrderAndGivesTheFolderFree() throws Exception {
    Process process = duende.start(folder.resolve("out"), "up", "--foreground");
    duende.awaitLog("ready in ");
    ProcessHandle container = duende.container().orElseThrow();
    assertEquals(process.pid(), container.pid(), "the script has become the container");
    process.destroy();
    assertTrue(process.waitFor(Installation.DEADLINE.toSeconds(), TimeUnit.SECONDS));
    assertTrue(duende.log().endsWith("duende.container: stopped\n"), duende.log());
    assertEquals("", Files.readString(duende.data().resolve("container.lock")));
  }

  @Test
  void afterAKillTheNextContainerStarts() throws Exception {
    duende.call("up");
    ProcessHandle first = duende.container().orElseThrow();
    first.destroyForcibly();
    first.onExit().get(Installation.DEADLINE.toSeconds(), TimeUnit.SECONDS);
    Answer up = duende.call("up");
    assertEquals(0, up.status(), up.text());
    assertFalse(first.pid() == duende.container().orElseThrow().pid(), "another process");
  }

  /** Neither the space in its name nor what is in the file may keep the JVM from starting. */
  @Test
  void aDamagedCacheInAFolderWithASpaceIsPassedOver() throws Exception {
    Path spaced = folder.resolve("my data");
    duende.set("DUENDE_DATA", spaced.toString());
    duende.expectData(spaced);
    duende.unset("DUENDE_AOT");
    Files.createDirectories(spaced.resolve("aot"));
    for (String name : List.of("container", "client")) {
      Files.writeString(spaced.resolve("aot/" + name + ".aot"), "not made by a JVM");
      Files.copy(
          Distribution.home().resolve("lib/build"), spaced.resolve("aot/" + name + ".build"));
    }
    Answer up = duende.call("up");
    assertEquals(0, up.status(), up.text());
    String[] arguments = duende.container().orElseThrow().info().arguments().orElseThrow();
    assertTrue(
        List.of(arguments).contains("-XX:AOTCache=" + spaced + "/aot/container.aot"),
        "used as one argument: " + List.of(arguments));
    Answer ps = duende.call("ps");
    assertEquals(0, ps.status(), ps.text());
    assertFalse(ps.text().contains("aot"), ps.text());
  }

  @Test
  void aBundleDroppedInIsInstalledUpdatedAndRemoved() throws Exception {
    duende.call("up");
    Path jar = duende.data().resolve("bundles/guest.jar");
    drop(bundle("1.0.0"), jar);
    duende.awaitLog("installed com.example.guest 1.0.0");
    drop(bundle("1.1.0"), jar);
    duende.awaitLog("updated com.example.guest to 1.1.0");
    Files.delete(jar);
    duende.awaitLog("uninstalled com.example.guest");
  }

  @Test
  void aFileThatIsNoBundleHurtsNobody() throws Exception {
    duende.call("up");
    Files.writeString(duende.data().resolve("bundles/broken.jar"), "not a jar");
    duende.awaitLog("broken.jar");
    drop(bundle("1.0.0"), duende.data().resolve("bundles/guest.jar"));
    duende.awaitLog("installed com.example.guest 1.0.0");
  }

  @Test
  void aSymbolicLinkToTheCommandWorksFromAnyFolder() throws Exception {
    Path link =
        Files.createSymbolicLink(folder.resolve("d"), Distribution.home().resolve("bin/duende"));
    Answer up = duende.call(link, "up");
    assertEquals(0, up.status(), up.text());
  }

  @Test
  void anInstallationWithoutDataKeepsItsStateWhereXdgSays() throws Exception {
    boolean root = "root".equals(System.getProperty("user.name"));
    assumeTrue(
        !root || Files.isExecutable(Path.of("/usr/bin/setpriv")),
        "needs setpriv (util-linux) to become another user");
    Path home = folder.resolve("installed");
    copy(Distribution.home(), home);
    Path user = Files.createDirectory(folder.resolve("user"));
    duende = new Installation(home, folder.resolve("unused"));
    duende.unset("DUENDE_DATA");
    duende.unset("DUENDE_ETC");
    duende.set("HOME", user.toString());
    if (root) {
      Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
      Files.setPosixFilePermissions(user, PosixFilePermissions.fromString("rwxrwxrwx"));
      duende.prefix("/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups");
    }
    duende.expectData(user.resolve(".local/state/duende"));
    Answer up = duende.call("up");
    assertEquals(0, up.status(), up.text());
    assertTrue(up.text().contains("data in " + user.resolve(".local/state/duende")), up.text());
    assertFalse(Files.exists(home.resolve("data")), "nothing is written to the installation");
  }

  @Test
  void daemonsOfAnotherUserReachTheirFoldersInOnesThatDuendeHasMade() throws Exception {
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root to become another user");
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
    Path file =
        Files.writeString(
            folder.resolve("foreign.toml"),
            """
            name = "foreign"
            user = "nobody"
            binary_path = "/bin/sh"
            args = ["-c", "id -un > me; cat me; exec sleep 600"]
            """);
    duende.set("TMPDIR", folder.toString());
    Answer run = duende.call("run", file.toString(), "--for", "1s");
    assertEquals(0, run.status(), run.text());
    assertTrue(run.text().contains("nobody"), run.text());
    duende.set("DUENDE_DATA", folder.resolve("deep/data").toString());
    duende.expectData(folder.resolve("deep/data"));
    assertEquals(0, duende.call("up").status());
    Answer deploy = duende.call("deploy", file.toString());
    assertEquals(0, deploy.status(), deploy.text());
    Answer removed = duende.call("rm", "foreign");
    assertEquals(0, removed.status(), removed.text());
  }

  @Test
  void aWrongJavaHomeIsNamed() throws Exception {
    duende.set("DUENDE_JAVA_HOME", folder.toString());
    Answer up = duende.call("up");
    assertEquals(1, up.status(), up.text());
    assertEquals(
        "DUENDE_JAVA_HOME=" + folder + " is not a JDK 25 or later: name one, or unset it.\n",
        up.text());
  }

  @Test
  void aDataFolderThatIsAFileIsNamed() throws Exception {
    Files.writeString(duende.data(), "in the way");
    Answer up = duende.call("up");
    assertEquals(1, up.status(), up.text());
    assertTrue(up.text().contains(duende.data().toString()), up.text());
    assertTrue(up.text().contains("DUENDE_DATA"), up.text());
  }

  @Test
  void aSettingOutOfRangeIsNamed() throws Exception {
    Path etc = Files.createDirectory(folder.resolve("etc"));
    Files.writeString(etc.resolve("container.properties"), "duende.stop.timeout = 0\n");
    Answer up = duende.call("up");
    assertEquals(1, up.status(), up.text());
    assertTrue(
        up.text().contains("duende.stop.timeout=0 is not from 1 to 3600 seconds"), up.text());
  }

  /** Bundles arrive whole by a rename, or bit by bit by a copy; this is the second way. */
  private static void drop(byte[] jar, Path to) throws IOException {
    Files.write(to, jar);
  }

  private static byte[] bundle(String version) throws IOException {
    Manifest manifest = new Manifest();
    Attributes main = manifest.getMainAttributes();
    main.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    main.putValue("Bundle-ManifestVersion", "2");
    main.putValue("Bundle-SymbolicName", "com.example.guest");
    main.putValue("Bundle-Version", version);
    var bytes = new java.io.ByteArrayOutputStream();
    try (OutputStream jar = new JarOutputStream(bytes, manifest)) {
      jar.flush();
    }
    return bytes.toByteArray();
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> tree = Files.walk(from)) {
      for (Path source : tree.toList()) {
        Path relative = from.relativize(source);
        if (!relative.startsWith("data")) {
          Files.copy(
              source,
              to.resolve(relative.toString()),
              java.nio.file.LinkOption.NOFOLLOW_LINKS,
              StandardCopyOption.COPY_ATTRIBUTES);
        }
      }
    }
  }
}
