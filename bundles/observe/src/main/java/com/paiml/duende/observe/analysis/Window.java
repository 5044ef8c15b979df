package com.paiml.duende.observe.analysis;

import java.util.Arrays;

/**
 * The last so many values, with what is usual among them. A value that comes again and again is kept once, with its number: a
 * daemon that rests needs next to no memory. Not for several threads.
 */
public final class Window {
  private static final int FIRST_RUNS = 2;

  private final int capacity;
  private int size;

  // Runs of one value, oldest first, in a ring that grows as they come.
  private double[] values = new double[FIRST_RUNS];
  private int[] lengths = new int[FIRST_RUNS];
  private int first;
  private int runs;

  // Made when somebody asks what is usual.
  private double[] sorted = {};

  public Window(int capacity) {
    if (capacity < 2) {
      throw new IllegalArgumentException("a window of " + capacity);
    }
    this.capacity = capacity;
  }

  public void add(double value) {
    if (size == capacity) {
      dropOldest();
    }
    size++;
    int last = at(runs - 1);
    if (runs > 0 && Double.compare(values[last], value) == 0) {
      lengths[last]++;
      return;
    }
    if (runs == values.length) {
      grow();
    }
    int next = at(runs++);
    values[next] = value;
    lengths[next] = 1;
  }

  private void dropOldest() {
    size--;
    if (--lengths[first] == 0) {
      first = at(1);
      runs--;
    }
  }

  /** Where a run is; one before the first is nowhere, and not to be used. */
  private int at(int run) {
    return Math.floorMod(first + run, values.length);
  }

  private void grow() {
    int more = Math.min(capacity, 2 * runs);
    double[] moreValues = new double[more];
    int[] moreLengths = new int[more];
    for (int run = 0; run < runs; run++) {
      moreValues[run] = values[at(run)];
      moreLengths[run] = lengths[at(run)];
    }
    values = moreValues;
    lengths = moreLengths;
    first = 0;
  }

  public void clear() {
    size = 0;
    runs = 0;
    first = 0;
  }

  public int size() {
    return size;
  }

  public boolean isFull() {
    return size == capacity;
  }

  public double mean() {
    double sum = 0;
    for (int run = 0; run < runs; run++) {
      sum += values[at(run)] * lengths[at(run)];
    }
    return size == 0 ? 0 : sum / size;
  }

  /** Of a sample: divided by one less than their number. */
  public double standardDeviation() {
    double mean = mean();
    double sum = 0;
    for (int run = 0; run < runs; run++) {
      double distance = values[at(run)] - mean;
      sum += distance * distance * lengths[at(run)];
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
    if (runs == 1) {
      return values[first];
    }
    spread();
    return ofSorted(share);
  }

  /** All values, in no order that counts. */
  private void spread() {
    if (sorted.length < size) {
      sorted = new double[capacity];
    }
    int to = 0;
    for (int run = 0; run < runs; run++) {
      Arrays.fill(sorted, to, to + lengths[at(run)], values[at(run)]);
      to += lengths[at(run)];
    }
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
    if (runs <= 1) {
      return 0;
    }
    double median = median();
    spread();
    for (int i = 0; i < size; i++) {
      sorted[i] = Math.abs(sorted[i] - median);
    }
    return ofSorted(0.5);
  }
}
