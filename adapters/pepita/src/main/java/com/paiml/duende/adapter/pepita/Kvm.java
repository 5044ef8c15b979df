package com.paiml.duende.adapter.pepita;

import com.paiml.duende.adapter.pepita.image.Image;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/**
 * Whether machines can be accelerated, decided by a trial: a node /dev/kvm on which no kernel boots is common. A verdict holds
 * for one boot of the host, one kernel and one monitor, and is kept with the image.
 */
final class Kvm {
  /** A verdict. */
  record Verdict(boolean works, String why) {}

  /** Tries it: boots a machine. */
  interface Trial {
    Verdict boot(Image image);
  }

  private final Path node;
  private final String bootId;
  private final Trial trial;

  Kvm(Path node, String bootId, Trial trial) {
    this.node = node;
    this.bootId = bootId;
    this.trial = trial;
  }

  /** What is known, without trying. */
  Optional<Verdict> known(Optional<Image> image) {
    if (!Files.exists(node)) {
      return Optional.of(new Verdict(false, "there is no " + node));
    }
    if (!Files.isReadable(node) || !Files.isWritable(node)) {
      return Optional.of(
          new Verdict(false, node + " is not for this user: add it to the group kvm"));
    }
    return image.flatMap(this::kept);
  }

  private Optional<Verdict> kept(Image image) {
    try {
      String[] words = Files.readString(file(image)).split("\n", 3);
      return words.length == 3 && words[0].equals(key(image))
          ? Optional.of(new Verdict(words[1].equals("works"), words[2].strip()))
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private String key(Image image) {
    return bootId + " " + image.digest();
  }

  private static Path file(Image image) {
    return image.folder().resolve("kvm.verdict");
  }

  /** What is known, or what a trial shows; of several callers one tries. */
  synchronized Verdict verdict(Image image) {
    Optional<Verdict> known = known(Optional.of(image));
    if (known.isPresent()) {
      return known.get();
    }
    Verdict verdict = trial.boot(image);
    try {
      Path fresh = Files.createTempFile(image.folder(), "kvm", ".new");
      Path _ =
          Files.writeString(
              fresh,
              key(image)
                  + "\n"
                  + (verdict.works() ? "works" : "fails")
                  + "\n"
                  + verdict.why().replace("\n", " ")
                  + "\n");
      Path _ =
          Files.move(
              fresh,
              file(image),
              StandardCopyOption.ATOMIC_MOVE,
              StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      System.getLogger(Kvm.class.getName())
          .log(System.Logger.Level.INFO, "the verdict on KVM is not kept: " + e.getMessage());
    }
    return verdict;
  }
}
