package com.paiml.duende.adapter.pepita.image;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Stream;

/** The images in one folder: {@code XDG_CACHE_HOME/duende/pepita}, for root {@code /var/cache/duende/pepita}. */
public final class Images {
  /** The image that is used where nothing is said. */
  public static final String DEFAULT = "default";

  static final String PROPERTIES = "image.properties";

  /** System property and variable that name another folder. */
  private static final String FOLDER = "duende.pepita.cache";

  private static final String VARIABLE = "DUENDE_PEPITA_CACHE";

  private final Path folder;

  public Images(Path folder) {
    this.folder = folder;
  }

  /** Those of this user. */
  public static Images ofUser() {
    String said = System.getProperty(FOLDER, System.getenv().getOrDefault(VARIABLE, ""));
    if (!said.isEmpty()) {
      return new Images(Path.of(said));
    }
    String cache = System.getenv().getOrDefault("XDG_CACHE_HOME", "");
    if (cache.startsWith("/")) {
      return new Images(Path.of(cache, "duende", "pepita"));
    }
    return new Images(
        System.getProperty("user.name", "").equals("root")
            ? Path.of("/var/cache/duende/pepita")
            : Path.of(System.getProperty("user.home", "/"), ".cache", "duende", "pepita"));
  }

  public Path folder() {
    return folder;
  }

  /** The image of that name, where it has been built. */
  public Optional<Image> find(String name) {
    Path where = folder.resolve(name);
    Path file = where.resolve(PROPERTIES);
    if (!name.matches("[A-Za-z0-9_-]{1,64}") || !Files.isRegularFile(file)) {
      return Optional.empty();
    }
    Properties read = new Properties();
    try (Reader in = Files.newBufferedReader(file)) {
      read.load(in);
    } catch (IOException | IllegalArgumentException e) {
      return Optional.empty();
    }
    Map<String, String> properties = new HashMap<>();
    read.stringPropertyNames().forEach(k -> properties.put(k, read.getProperty(k)));
    return Optional.of(new Image(name, where, properties));
  }

  /** The image of that name, or the error that says how to make it. */
  public Image get(String name) throws DaemonException {
    return find(name)
        .orElseThrow(
            () ->
                new DaemonException(
                    ErrorCode.NOT_FOUND,
                    "image \"" + name + "\"",
                    "has not been built in " + folder,
                    "run \"pepita image build\""));
  }

  /** All of them. */
  public List<Image> all() throws DaemonException {
    List<Image> all = new ArrayList<>();
    if (!Files.isDirectory(folder)) {
      return all;
    }
    try (Stream<Path> each = Files.list(folder)) {
      each.sorted().forEach(p -> find(String.valueOf(p.getFileName())).ifPresent(all::add));
      return all;
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO, folder.toString(), "cannot be read: " + e, "see its rights", e);
    }
  }
}
