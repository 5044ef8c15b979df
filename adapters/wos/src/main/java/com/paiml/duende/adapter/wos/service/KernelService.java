package com.paiml.duende.adapter.wos.service;

import com.paiml.duende.adapter.wos.engine.Budget;
import com.paiml.duende.adapter.wos.engine.CodeStore;
import com.paiml.duende.adapter.wos.kernel.Kernel;
import com.paiml.duende.adapter.wos.kernel.KernelOptions;
import com.paiml.duende.adapter.wos.sched.Rules;
import com.paiml.duende.adapter.wos.wasi.Imports;
import java.io.File;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;

/**
 * The one kernel of the container, for the adapter and the commands. It is made when the first module or command asks
 * for it: a container without WebAssembly daemons loads none of its classes.
 */
@Component(service = KernelService.class, configurationPid = "com.paiml.duende.adapter.wos")
public final class KernelService {

  /** How large the kernel is. All have defaults. */
  public @interface Size {

    /** Processes that run at once; 0 is one for each processor. */
    int slots() default 0;

    /** Processes at once, init included. */
    int processes() default 1000;

    /** The largest module taken, in bytes. */
    long module_max() default 64L << 20;

    /** Sum of the sizes of modules whose code is kept, in bytes. */
    long cache() default 64L << 20;

    /** Sum of the sizes of the files in which compiled code outlives this JVM, in bytes; 0 keeps none. */
    long code_files() default 256L << 20;

    /** Files of the host that may be open at once; a quarter of them for one daemon. */
    int files() default 4096;

    /** Percent of the JVM's heap that all processes together may have as memory. */
    int heap_percent() default 50;
  }

  private static final String DATA = "duende.data";

  private final Supplier<KernelOptions> options;
  private final String boot = UUID.randomUUID().toString();
  private final Object lock = new Object();
  private volatile @Nullable Kernel kernel;
  private boolean closed;

  @Activate
  public KernelService(BundleContext context, Size size) {
    this(() -> options(context, size));
  }

  public KernelService(KernelOptions options) {
    this(() -> options);
  }

  private KernelService(Supplier<KernelOptions> options) {
    this.options = options;
  }

  private static KernelOptions options(BundleContext context, Size size) {
    int slots = size.slots() > 0 ? size.slots() : Runtime.getRuntime().availableProcessors();
    KernelOptions standard = KernelOptions.standard(slots);
    long heap = Runtime.getRuntime().maxMemory() / 100 * Math.clamp(size.heap_percent(), 1, 90);
    return new KernelOptions(
        Rules.standard(slots),
        Math.clamp(size.processes(), 2, standard.processes()),
        standard.zombies(),
        new Budget(heap),
        size.module_max(),
        size.cache(),
        new Budget(size.files()),
        store(context, size),
        standard.stackSize());
  }

  /** In the container's data folder; in a container that has none, in the bundle's own. */
  private static Optional<CodeStore> store(BundleContext context, Size size) {
    if (size.code_files() <= 0) {
      return Optional.empty();
    }
    return Optional.ofNullable(context.getProperty(DATA))
        .map(data -> Path.of(data, "wos", "code"))
        .or(() -> Optional.ofNullable(context.getDataFile("code")).map(File::toPath))
        .map(folder -> new CodeStore(folder, size.code_files()));
  }

  /** {@return the kernel, made now if this is the first time; one that takes no more processes once this has ended} */
  public Kernel kernel() {
    Kernel made = kernel;
    if (made != null) {
      return made;
    }
    synchronized (lock) {
      made = kernel;
      if (made == null) {
        made = new Kernel(options.get(), new Imports());
        kernel = made;
        if (closed) {
          made.close();
        }
      }
      return made;
    }
  }

  /** {@return the kernel, if anybody has asked for it yet} */
  public Optional<Kernel> begun() {
    return Optional.ofNullable(kernel);
  }

  /** {@return what tells this kernel from those before it} */
  public String boot() {
    return boot;
  }

  @Deactivate
  public void deactivate() {
    synchronized (lock) {
      closed = true;
      begun().ifPresent(Kernel::close);
    }
  }
}
