package com.paiml.duende.adapter.wos.engine;

import run.endive.runtime.Instance;
import run.endive.runtime.TableInstance;
import run.endive.wasm.types.Table;
import run.endive.wasm.types.TableLimits;

/**
 * A table of one instance. The runtime's own grows the limits of the module that all instances share, so one
 * process would change the next one's tables; this one has limits of its own, and is counted.
 */
final class BoundedTable extends TableInstance {

  /** An element is an int, a reference to an instance, and for some types a reference more. */
  static final long BYTES_PER_ELEMENT = 12;

  private final MemoryAccount account;

  BoundedTable(Table table, int initialValue, MemoryAccount account) {
    super(ownLimits(table), initialValue);
    this.account = account;
  }

  private static Table ownLimits(Table table) {
    TableLimits limits = table.limits();
    return new Table(
        table.elementType(),
        new TableLimits(limits.min(), limits.max(), limits.shared()),
        table.initialize());
  }

  @Override
  public int grow(int size, int value, Instance instance) {
    return affordable(size) ? super.grow(size, value, instance) : -1;
  }

  @Override
  public int growWithRef(int size, Object refValue, Instance instance) {
    return affordable(size) ? super.growWithRef(size, refValue, instance) : -1;
  }

  private boolean affordable(int size) {
    return size >= 0
        && (long) size() + size <= limits().max()
        && account.take(size * BYTES_PER_ELEMENT);
  }
}
