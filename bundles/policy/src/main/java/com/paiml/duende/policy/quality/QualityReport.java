package com.paiml.duende.policy.quality;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * What the gate found in a bundle.
 *
 * @param methods how many were measured
 * @param tooComplex methods above the limit, the worst first
 * @param sourcesFound whether there were sources to look for markers in
 * @param markers comments that mark debt
 * @param dead code that nothing reaches
 * @param score 0 to 100: 100, less 4 for each method above the limit (at most 40), less 2 for each marker (at most 20), less
 *     one for each percent of dead code (at most 40)
 */
record QualityReport(
    int methods,
    List<Complexity.Of> tooComplex,
    boolean sourcesFound,
    List<DebtMarkers.Marker> markers,
    Reachability.Dead dead,
    int score) {

  /**
   * @param complexity most of one method
   * @param markers most in all
   * @param deadPercent most
   * @param score least
   */
  record Limits(int complexity, int markers, double deadPercent, int score) {}

  /**
   * @param daemonClass with its package
   * @param exported names of the packages that others may import
   */
  static QualityReport of(Path jar, String daemonClass, Set<String> exported, Limits limits)
      throws IOException {
    BundleContents bundle = BundleContents.read(jar);
    Set<String> roots = new HashSet<>(bundle.named());
    roots.add(daemonClass.replace('.', '/'));
    bundle
        .classes()
        .forEach(
            (name, model) -> {
              int slash = name.lastIndexOf('/');
              String pkg = slash < 0 ? "" : name.substring(0, slash).replace('/', '.');
              if ((model.flags().flagsMask() & 0x0001) != 0 && exported.contains(pkg)) {
                roots.add(name);
              }
            });
    List<Complexity.Of> all = Complexity.of(bundle.classes());
    List<Complexity.Of> tooComplex =
        all.stream()
            .filter(m -> m.complexity() > limits.complexity())
            .sorted(Comparator.comparingInt(Complexity.Of::complexity).reversed())
            .toList();
    List<DebtMarkers.Marker> markers = DebtMarkers.in(bundle.sources());
    Reachability.Dead dead = Reachability.of(bundle.classes(), roots);
    int score =
        100
            - Math.min(40, 4 * tooComplex.size())
            - Math.min(20, 2 * markers.size())
            - (int) Math.min(40, Math.round(dead.percent()));
    return new QualityReport(
        all.size(), tooComplex, !bundle.sources().isEmpty(), markers, dead, score);
  }

  /** What speaks against the bundle, in words; empty when nothing does. */
  List<String> against(Limits limits) {
    List<String> faults = new ArrayList<>();
    for (Complexity.Of m : tooComplex.subList(0, Math.min(3, tooComplex.size()))) {
      faults.add(
          m.method()
              + " has a complexity of "
              + m.complexity()
              + ", allowed are "
              + limits.complexity());
    }
    if (markers.size() > limits.markers()) {
      faults.add(
          markers.size()
              + " debt markers, allowed are "
              + limits.markers()
              + ", the first at "
              + markers.getFirst());
    }
    if (dead.percent() > limits.deadPercent()) {
      faults.add(
          String.format(
              Locale.ROOT,
              "%.1f %% of the code is never reached, allowed are %.1f %%: %s",
              dead.percent(),
              limits.deadPercent(),
              String.join(
                  ", ", dead.unreached().subList(0, Math.min(3, dead.unreached().size())))));
    }
    if (score < limits.score()) {
      faults.add("its score is " + score + ", at least " + limits.score() + " is asked");
    }
    return faults;
  }
}
