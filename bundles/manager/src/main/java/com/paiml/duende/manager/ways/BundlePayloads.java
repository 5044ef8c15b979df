package com.paiml.duende.manager.ways;

import com.paiml.duende.api.Daemon;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.What;
import com.paiml.duende.manager.PayloadResolver;
import com.paiml.duende.spi.Payload;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleEvent;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.SynchronousBundleListener;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/** Finds what is to be run: classes in started bundles, objects in the service registry. */
@Component(service = PayloadResolver.class, configurationPolicy = ConfigurationPolicy.IGNORE)
public final class BundlePayloads implements PayloadResolver {
  private final BundleContext context;
  private final DaemonServices services;
  private final ClassPaths classPaths;
  private final List<Listener> listeners = new CopyOnWriteArrayList<>();
  // Synchronous: only such a listener hears that a bundle is stopping, while its classes can still
  // be used.
  private final SynchronousBundleListener bundles = this::bundleChanged;
  private final DaemonServices.Listener objects = new Objects();

  @Activate
  public BundlePayloads(BundleContext context, @Reference DaemonServices services) {
    this.context = context;
    this.services = services;
    String data = context.getProperty("duende.data");
    this.classPaths =
        new ClassPaths(
            data == null
                ? context.getDataFile("classpath").toPath()
                : Path.of(data, "cache", "classpath"));
    context.addBundleListener(bundles);
    services.listen(objects);
  }

  @Deactivate
  void close() {
    services.unlisten(objects);
    context.removeBundleListener(bundles);
    listeners.clear();
  }

  @Override
  public Payload.Kind kindOf(DaemonConfig config) {
    return switch (config.what()) {
      case What.Program p -> Payload.Kind.PROGRAM;
      case What.Image i -> Payload.Kind.IMAGE;
      case What.Module m -> Payload.Kind.MODULE;
      case What.Vm v -> Payload.Kind.VM;
      case What.Service s -> Payload.Kind.IN_PROCESS;
      case What.JavaClass c ->
          config.platform().equals("native")
                  && !Boolean.TRUE.equals(config.table("native").get("process"))
              ? Payload.Kind.IN_PROCESS
              : Payload.Kind.JAVA_CLASS;
    };
  }

  @Override
  public Payload resolve(DaemonConfig config) throws DaemonException {
    return switch (config.what()) {
      case What.Program p -> new Payload.Program(p.path());
      case What.Image i -> new Payload.Image(i.reference(), i.command());
      case What.Module m -> new Payload.Module(path(config, m.path()));
      case What.Vm v -> new Payload.Vm(v.rootfs(), v.program());
      case What.Service s -> object(config, s);
      case What.JavaClass c ->
          kindOf(config) == Payload.Kind.IN_PROCESS ? inProcess(config, c) : ownJvm(config, c);
    };
  }

  private static Path path(DaemonConfig config, String path) {
    return config.workingDir().isEmpty() ? Path.of(path) : Path.of(config.workingDir(), path);
  }

  private Payload object(DaemonConfig config, What.Service service) throws DaemonException {
    Daemon object =
        services
            .find(config.name())
            .orElseThrow(
                () ->
                    new DaemonException(
                        ErrorCode.NOT_FOUND,
                        config.name(),
                        "no service " + service.className() + " of that name is registered",
                        "start the bundle that registers it"))
            .object();
    return new Payload.InProcess(() -> object);
  }

  private Payload inProcess(DaemonConfig config, What.JavaClass wanted) throws DaemonException {
    // Now, so that what is wrong with the class is told at the start and not in the middle of it.
    var _ = constructor(bundle(config, wanted), config, wanted);
    return new Payload.InProcess(() -> create(config, wanted));
  }

  private Daemon create(DaemonConfig config, What.JavaClass wanted) throws DaemonException {
    try {
      return constructor(bundle(config, wanted), config, wanted).newInstance();
    } catch (InvocationTargetException e) {
      throw new DaemonException(
          ErrorCode.SPAWN,
          config.name(),
          "the constructor of " + wanted.className() + " failed: " + e.getCause(),
          "see its log",
          e.getCause());
    } catch (ReflectiveOperationException | LinkageError e) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION,
          config.name(),
          wanted.className() + " cannot be made: " + e,
          "give it a public constructor without parameters",
          e);
    }
  }

  private Payload ownJvm(DaemonConfig config, What.JavaClass wanted) throws DaemonException {
    Bundle bundle = bundle(config, wanted);
    try {
      return new Payload.JavaClass(wanted.className(), classPaths.of(bundle));
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO,
          config.name(),
          "the jars of its JVM cannot be written: " + e.getMessage(),
          "make room and rights in the data folder",
          e);
    }
  }

  /** The started bundle that has the class: the highest version of the one that is named, or else the oldest that has it. */
  private Bundle bundle(DaemonConfig config, What.JavaClass wanted) throws DaemonException {
    Comparator<Bundle> order =
        wanted.bundle().isEmpty()
            ? Comparator.comparingLong(Bundle::getBundleId)
            : Comparator.comparing(Bundle::getVersion).reversed();
    Optional<Bundle> found =
        Arrays.stream(context.getBundles())
            .filter(b -> isStarted(b) && offers(b, wanted))
            .min(order);
    if (found.isPresent()) {
      return found.get();
    }
    String missing =
        wanted.bundle().isEmpty()
            ? "no started bundle has the class " + wanted.className()
            : isStartedAnywhere(wanted.bundle())
                ? "bundle " + wanted.bundle() + " has no class " + wanted.className()
                : "bundle " + wanted.bundle() + " is not installed and started";
    throw new DaemonException(
        ErrorCode.NOT_FOUND,
        config.name(),
        missing,
        "put its jar into the folder bundles/, or mend the name");
  }

  private boolean isStartedAnywhere(String symbolicName) {
    return Arrays.stream(context.getBundles())
        .anyMatch(b -> isStarted(b) && symbolicName.equals(b.getSymbolicName()));
  }

  private static boolean isStarted(Bundle bundle) {
    return bundle.getState() == Bundle.ACTIVE || bundle.getState() == Bundle.STARTING;
  }

  private static boolean offers(Bundle bundle, What.JavaClass wanted) {
    if (!wanted.bundle().isEmpty() && !wanted.bundle().equals(bundle.getSymbolicName())) {
      return false;
    }
    try {
      // A bundle that merely imports the class does not offer it, unless it is named.
      return bundle.getBundleId() != 0
          && bundle.getResource(wanted.className().replace('.', '/') + ".class") != null
          && (!wanted.bundle().isEmpty()
              || bundle.equals(FrameworkUtil.getBundle(bundle.loadClass(wanted.className()))));
    } catch (ClassNotFoundException | LinkageError | IllegalStateException e) {
      // Not loadable, or uninstalled meanwhile.
      return false;
    }
  }

  private static Constructor<? extends Daemon> constructor(
      Bundle bundle, DaemonConfig config, What.JavaClass wanted) throws DaemonException {
    Class<?> type;
    try {
      type = bundle.loadClass(wanted.className());
    } catch (ClassNotFoundException | LinkageError e) {
      throw new DaemonException(
          ErrorCode.NOT_FOUND,
          config.name(),
          "bundle " + bundle.getSymbolicName() + " cannot load " + wanted.className() + ": " + e,
          "mend the bundle's imports",
          e);
    }
    if (!Daemon.class.isAssignableFrom(type)) {
      throw bad(
          config,
          wanted,
          "does not implement " + Daemon.class.getName() + " of this container",
          "implement it, and import its package");
    }
    if (Modifier.isAbstract(type.getModifiers())) {
      throw bad(config, wanted, "is abstract", "name a class that can be made");
    }
    try {
      return type.asSubclass(Daemon.class).getConstructor();
    } catch (NoSuchMethodException e) {
      throw bad(
          config,
          wanted,
          "has no public constructor without parameters",
          "give it one, or register the object as a service");
    }
  }

  private static DaemonException bad(
      DaemonConfig config, What.JavaClass wanted, String problem, String remedy) {
    return new DaemonException(
        ErrorCode.CONFIGURATION, config.name(), wanted.className() + " " + problem, remedy);
  }

  @Override
  public Watch watch(Listener listener) {
    listeners.add(listener);
    return () -> listeners.remove(listener);
  }

  private void tell(Predicate<DaemonConfig> affected, boolean available) {
    listeners.forEach(l -> l.changed(affected, available));
  }

  private void bundleChanged(BundleEvent event) {
    Bundle bundle = event.getBundle();
    if (event.getType() == BundleEvent.STARTED) {
      tell(c -> c.what() instanceof What.JavaClass w && offers(bundle, w), true);
    } else if (event.getType() == BundleEvent.STOPPING && bundle.getBundleId() != 0) {
      // A JVM of its own has its own copy of the classes, and goes on.
      tell(
          c ->
              c.what() instanceof What.JavaClass w
                  && kindOf(c) == Payload.Kind.IN_PROCESS
                  && offers(bundle, w),
          false);
    }
  }

  private final class Objects implements DaemonServices.Listener {
    @Override
    public void came(DaemonServices.Offered daemon) {
      tell(c -> isOf(c, daemon), true);
    }

    @Override
    public void changed(DaemonServices.Offered daemon) {
      // The object is the same; its properties concern the one who deploys it.
    }

    @Override
    public void went(DaemonServices.Offered daemon, boolean forGood) {
      tell(c -> isOf(c, daemon), false);
    }

    private boolean isOf(DaemonConfig config, DaemonServices.Offered daemon) {
      return config.what() instanceof What.Service && config.name().equals(daemon.name());
    }
  }
}
