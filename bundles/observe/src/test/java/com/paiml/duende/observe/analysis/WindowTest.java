package com.paiml.duende.observe.analysis;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Against the plain way to compute the same from a list. */
class WindowTest {
  private static final double CLOSE = 1e-9;

  @Test
  void isWhatAListOfTheLastValuesSays() {
    Random random = new Random(7);
    for (int capacity : new int[] {2, 3, 10, 100}) {
      for (double repeats : new double[] {0, 0.5, 0.95, 1}) {
        compare(new Window(capacity), capacity, random, repeats);
      }
    }
  }

  private static void compare(Window window, int capacity, Random random, double repeats) {
    List<Double> list = new ArrayList<>();
    double value = 3;
    for (int i = 0; i < 5 * capacity; i++) {
      if (i == 4 * capacity) {
        window.clear();
        list.clear();
      }
      value = random.nextDouble() < repeats ? value : random.nextInt(5) * 1.25;
      window.add(value);
      list.add(value);
      if (list.size() > capacity) {
        list.removeFirst();
      }
      double[] sorted = list.stream().mapToDouble(d -> d).sorted().toArray();
      double mean = Arrays.stream(sorted).average().orElseThrow();
      double squares = Arrays.stream(sorted).map(v -> (v - mean) * (v - mean)).sum();
      double median = quantile(sorted, 0.5);
      double[] distances = Arrays.stream(sorted).map(v -> Math.abs(v - median)).sorted().toArray();
      assertEquals(list.size(), window.size());
      assertEquals(list.size() == capacity, window.isFull());
      assertEquals(mean, window.mean(), CLOSE);
      assertEquals(
          sorted.length < 2 ? 0 : Math.sqrt(squares / (sorted.length - 1)),
          window.standardDeviation(),
          CLOSE);
      assertEquals(median, window.median(), CLOSE);
      assertEquals(quantile(sorted, 0.9), window.quantile(0.9), CLOSE);
      assertEquals(quantile(distances, 0.5), window.medianDeviation(), CLOSE);
    }
  }

  private static double quantile(double[] sorted, double share) {
    double at = share * (sorted.length - 1);
    int low = (int) at;
    int high = Math.min(low + 1, sorted.length - 1);
    return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
  }
}
