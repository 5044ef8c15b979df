package com.paiml.duende.features;

import aQute.bnd.osgi.repository.ResourcesRepository;
import aQute.bnd.osgi.repository.XMLResourceGenerator;
import aQute.bnd.osgi.resource.ResourceBuilder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.osgi.resource.Resource;

/** {@code BUNDLES VERSION TO}: reads a folder of bundles; writes the feature file, the index, and the bundles beside it. */
final class Main {
  /** A fixed time: two builds of one commit give the same bytes. */
  private static final long TIME = 1_763_769_600_000L;

  private Main() {}

  public static void main(String[] words) throws Exception {
    Path to = Files.createDirectories(Path.of(words[2]));
    Path copies = Files.createDirectories(to.resolve("bundles"));
    List<Shipped> bundles = new ArrayList<>();
    List<Resource> resources = new ArrayList<>();
    List<Path> jars;
    try (Stream<Path> files = Files.list(Path.of(words[0]))) {
      jars = files.filter(f -> f.toString().endsWith(".jar")).sorted().toList();
    }
    for (Path jar : jars) {
      Shipped bundle = Shipped.read(jar, words[1]);
      bundles.add(bundle);
      String name = bundle.name() + "-" + bundle.version() + ".jar";
      Path copy = Files.copy(jar, copies.resolve(name), StandardCopyOption.REPLACE_EXISTING);
      ResourceBuilder builder = new ResourceBuilder();
      if (!builder.addFile(copy.toFile(), to.toUri().relativize(copy.toUri()))) {
        throw new IllegalStateException(jar + " is no bundle");
      }
      resources.add(builder.build());
    }
    new XMLResourceGenerator()
        .name("Duende " + words[1])
        .increment(TIME)
        .indent(2)
        .repository(new ResourcesRepository(resources))
        .save(to.resolve("index.xml").toFile());
    Path _ =
        Files.writeString(to.resolve("duende-features.xml"), FeatureFile.of(bundles, words[1]));
  }
}
