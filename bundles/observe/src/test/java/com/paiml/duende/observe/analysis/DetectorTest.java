package com.paiml.duende.observe.analysis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.observe.analysis.Detector.Severity;
import java.util.Random;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class DetectorTest {
  /** Ten alternating values around 100: mean 100, standard deviation 10.54. */
  private static Detector warm(Detector detector) {
    for (int i = 0; i < 10; i++) {
      detector.add(i % 2 == 0 ? 90 : 110);
    }
    return detector;
  }

  @Test
  void severity_goes_up_by_one_for_each_further_deviation() {
    assertTrue(warm(new Detector()).add(130).isEmpty());
    assertEquals(Severity.LOW, warm(new Detector()).add(135).orElseThrow().severity());
    assertEquals(Severity.MEDIUM, warm(new Detector()).add(145).orElseThrow().severity());
    assertEquals(Severity.HIGH, warm(new Detector()).add(155).orElseThrow().severity());
    assertEquals(Severity.HIGH, warm(new Detector()).add(-100).orElseThrow().severity());
  }

  @Test
  void a_lower_threshold_finds_more() {
    Random random = new Random(7);
    Detector two = new Detector(100, Deviation.Z_SCORE, 2);
    Detector three = new Detector(100, Deviation.Z_SCORE, 3);
    int byTwo = 0;
    int byThree = 0;
    for (int i = 0; i < 10_000; i++) {
      double value = random.nextGaussian();
      byTwo += two.add(value).isPresent() ? 1 : 0;
      byThree += three.add(value).isPresent() ? 1 : 0;
    }
    // 4.6 % and 0.27 % of a normal distribution lie beyond.
    assertTrue(byTwo > 350 && byTwo < 650, "2 sigma: " + byTwo);
    assertTrue(byThree > 10 && byThree < 80, "3 sigma: " + byThree);
  }

  @ParameterizedTest
  @EnumSource
  void a_tenfold_latency_is_noticed_at_once(Deviation deviation) {
    Random random = new Random(11);
    Detector detector = new Detector(100, deviation, 3);
    for (int i = 0; i < 200; i++) {
      detector.add(1000 + 50 * random.nextGaussian());
    }
    assertEquals(Severity.HIGH, detector.add(10_000).orElseThrow().severity());
  }

  @Test
  void robust_scores_still_see_what_many_outliers_hide_from_the_z_score() {
    Window window = new Window(100);
    for (int i = 0; i < 100; i++) {
      window.add(i % 4 == 0 ? 1000 : 10 + i % 3);
    }
    assertTrue(Deviation.Z_SCORE.score(window, 1000).orElseThrow() < 3);
    assertTrue(Deviation.ROBUST.score(window, 1000).orElseThrow() > 100);
  }

  @Test
  void after_values_that_are_all_the_same_any_other_is_unusual() {
    Detector detector = new Detector();
    for (int i = 0; i < 20; i++) {
      assertTrue(detector.add(5).isEmpty());
    }
    assertTrue(detector.add(5.1).isPresent());
  }

  @Test
  void a_value_that_is_no_number_is_not_scored() {
    assertTrue(warm(new Detector()).add(Double.NaN).isEmpty());
  }

  @Test
  void thresholds_below_two_are_refused() {
    assertThrows(IllegalArgumentException.class, () -> new Detector(100, Deviation.Z_SCORE, 1.9));
    assertThrows(IllegalArgumentException.class, () -> new Window(1));
  }

  @Test
  void the_figures_of_a_window_are_those_of_its_last_values() {
    Window window = new Window(4);
    for (double v : new double[] {100, 1, 2, 3, 4}) {
      window.add(v);
    }
    assertEquals(2.5, window.mean());
    assertEquals(2.5, window.median());
    assertEquals(1.29, window.standardDeviation(), 0.01);
    assertEquals(1, window.medianDeviation());
    assertEquals(4, window.quantile(1));
  }
}
