package com.paiml.duende.observe.analysis;

import java.util.Arrays;

/** The last so many values, with what is usual among them. Not for several threads. */
public final class Window {
  private final double[] values;
  private final double[] sorted;
  private int size;
  private int next;

  public Window(int capacity) {
    if (capacity < 2) {
      throw new IllegalArgumentException("a window of " + capacity);
    }
    values = new double[capacity];
    sorted = new double[capacity];
  }

  public void add(double value) {
    values[next] = value;
    next = next + 1 == values.length ? 0 : next + 1;
    size = Math.min(size + 1, values.length);
  }

  public void clear() {
    size = 0;
    next = 0;
  }

  public int size() {
    return size;
  }

  public boolean isFull() {
    return size == values.length;
  }

  public double mean() {
    double sum = 0;
    for (int i = 0; i < size; i++) {
      sum += values[i];
    }
    return size == 0 ? 0 : sum / size;
  }

  /** Of a sample: divided by one less than their number. */
  public double standardDeviation() {
    double mean = mean();
    double sum = 0;
    for (int i = 0; i < size; i++) {
      sum += (values[i] - mean) * (values[i] - mean);
    }
    return size < 2 ? 0 : Math.sqrt(sum / (size - 1));
  }

  public double median() {
    return quantile(0.5);
  }

  /** Between the two nearest values. */
  public double quantile(double share) {
    if (size == 0) {
      return 0;
    }
    System.arraycopy(values, 0, sorted, 0, size);
    return ofSorted(share);
  }

  private double ofSorted(double share) {
    Arrays.sort(sorted, 0, size);
    double at = share * (size - 1);
    int low = (int) at;
    int high = Math.min(low + 1, size - 1);
    return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
  }

  /** The median of the distances from the median. */
  public double medianDeviation() {
    double median = median();
    for (int i = 0; i < size; i++) {
      sorted[i] = Math.abs(values[i] - median);
    }
    return ofSorted(0.5);
  }
}
