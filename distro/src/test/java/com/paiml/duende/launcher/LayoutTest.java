package com.paiml.duende.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LayoutTest {
  @TempDir Path folder;

  @Test
  void givenThreeFolders_thenTheyAreAbsolute() throws LauncherException {
    Map<String, String> properties =
        Map.of("duende.home", "h/../x", "duende.etc", "/e", "duende.data", "/d");
    Layout layout = Layout.from(properties::get);
    assertEquals(Path.of("x").toAbsolutePath(), layout.home());
    assertEquals("/d", layout.properties().get("duende.data"));
  }

  @Test
  void givenAMissingFolder_thenTheFaultNamesIt() {
    Map<String, String> properties = Map.of("duende.home", "/h", "duende.etc", " ");
    var fault = assertThrows(LauncherException.class, () -> Layout.from(properties::get));
    assertTrue(fault.getMessage().contains("duende.etc"), fault.getMessage());
  }

  @Test
  void givenNoDataFolder_thenItIsMadeForItsUserAlone_andToBePassedThroughWhereThatIsRoot()
      throws Exception {
    Path data = folder.resolve("deep/data");
    new Layout(folder, folder, data).create();
    boolean root = "root".equals(System.getProperty("user.name"));
    assertEquals(root ? "rwx--x--x" : "rwx------", permissions(data));
    assertEquals("rwx------", permissions(data.resolve("log")));
  }

  private static String permissions(Path folder) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(folder));
  }

  @Test
  void givenAFileInTheWay_thenTheFaultNamesItAndTheRemedy() throws IOException {
    Path data = Files.createFile(folder.resolve("data"));
    var fault =
        assertThrows(LauncherException.class, () -> new Layout(folder, folder, data).create());
    assertTrue(fault.getMessage().contains(data.toString()), fault.getMessage());
    assertTrue(fault.getMessage().contains("DUENDE_DATA"), fault.getMessage());
  }

  @Test
  void givenAWordForTheMode_thenItIsKnownOrRefused() throws LauncherException {
    assertEquals(Mode.RUN, Mode.from("run"));
    assertThrows(LauncherException.class, () -> Mode.from("sideways"));
    assertThrows(LauncherException.class, () -> Mode.from(null));
  }
}
