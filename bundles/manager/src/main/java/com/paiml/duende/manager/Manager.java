package com.paiml.duende.manager;

import com.paiml.duende.api.ConfigException;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonMetrics;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.GroupConfig;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Signal;
import com.paiml.duende.control.AdapterInfo;
import com.paiml.duende.control.DaemonDetails;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonListener;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.control.DeployOptions;
import com.paiml.duende.manager.engine.Control;
import com.paiml.duende.manager.engine.Engine;
import com.paiml.duende.manager.engine.Services;
import com.paiml.duende.spi.HealthProbe;
import com.paiml.duende.spi.HostRuntime;
import com.paiml.duende.spi.LogQuery;
import com.paiml.duende.spi.LogStream;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.spi.PolicyEngine;
import com.paiml.duende.spi.TraceOptions;
import com.paiml.duende.spi.TraceSession;
import com.paiml.duende.spi.Tracer;
import com.paiml.duende.spi.UsageSample;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;

/** The manager as a service: joins the engine to the services that come and go. */
@Component(
    immediate = true,
    configurationPolicy = ConfigurationPolicy.IGNORE,
    service = {DaemonManager.class, BooleanSupplier.class, Supplier.class, Runnable.class},
    property = {"duende.service=alive", "duende.service=recovery", "duende.service=leave"})
public final class Manager
    implements DaemonManager, BooleanSupplier, Supplier<CompletionStage<Void>>, Runnable {
  private final BundleContext bundle;
  private final Services services;
  private final Engine engine;
  private final Control control;

  @Activate
  public Manager(
      BundleContext bundle, @Reference ConfigReader reader, @Reference PayloadResolver payloads)
      throws IOException, DaemonException {
    this.bundle = bundle;
    services = new Services();
    engine =
        new Engine(
            folder("duende.data"), folder("duende.home"), container(), reader, payloads, services);
    control = new Control(engine);
  }

  /** When the adapters that are there have been added. */
  @Activate
  void begin() {
    engine.begin();
  }

  private Path folder(String property) throws DaemonException {
    String value = bundle.getProperty(property);
    if (value == null || value.isBlank()) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION,
          "framework property " + property,
          "is not set",
          "set it to an absolute path; bin/duende does so");
    }
    return Path.of(value).toAbsolutePath().normalize();
  }

  /** This process, as opposed to any other that had or will have its number. */
  private static String container() {
    ProcessHandle self = ProcessHandle.current();
    return self.pid() + "@" + self.info().startInstant().map(Object::toString).orElse("");
  }

  /**
   * Whether the engine answers, for whoever feeds the container's own watchdog; may take as long as a command may. Not a
   * service of a class of ours: whoever has that class from elsewhere would find no manager at all.
   */
  @Override
  public boolean getAsBoolean() {
    return engine.answers();
  }

  /** Completes when what ran before has been taken up: whoever tells that the container is ready waits for that. */
  @Override
  public CompletionStage<Void> get() {
    return engine.recovery();
  }

  /** Ends what it is at while it still answers: whoever replaces it waits for that before it takes the service away. */
  @Override
  public void run() {
    engine.leave();
  }

  /** For what changes something: the next manager does it when this one leaves. */
  private Control begun() throws DaemonException {
    engine.checkStays();
    return control;
  }

  @Deactivate
  void deactivate() {
    engine.close();
  }

  @Reference(
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void addAdapter(PlatformAdapter adapter, ServiceReference<PlatformAdapter> reference) {
    if (reference.getProperty(PlatformAdapter.PLATFORM) instanceof String platform) {
      var owner = reference.getBundle();
      engine.add(
          adapter,
          platform,
          owner == null ? "" : owner.getSymbolicName() + " " + owner.getVersion(),
          reference.getProperty(Constants.SERVICE_RANKING) instanceof Integer i ? i : 0);
    }
  }

  void removeAdapter(PlatformAdapter adapter) {
    engine.remove(adapter);
  }

  @Reference(
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void addProbe(HealthProbe probe, Map<String, Object> properties) {
    if (properties.get(HealthProbe.TYPE) instanceof String type) {
      services.add(type, probe);
    }
  }

  void removeProbe(HealthProbe probe, Map<String, Object> properties) {
    if (properties.get(HealthProbe.TYPE) instanceof String type) {
      services.remove(type, probe);
    }
  }

  @Reference(
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void addPolicy(PolicyEngine policy) {
    services.add(policy);
    control.listen(policy);
  }

  void removePolicy(PolicyEngine policy) {
    services.remove(policy);
    control.forget(policy);
  }

  @Reference(
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void addListener(DaemonListener listener) {
    control.listen(listener);
  }

  void removeListener(DaemonListener listener) {
    control.forget(listener);
  }

  @Reference(
      cardinality = ReferenceCardinality.OPTIONAL,
      policy = ReferencePolicy.DYNAMIC,
      policyOption = ReferencePolicyOption.GREEDY)
  void setHost(HostRuntime host) {
    services.set(host);
    engine.wakeAll();
  }

  void unsetHost(HostRuntime host) {
    services.unset(host);
  }

  @Override
  public DaemonConfig parse(String text, String origin) throws ConfigException {
    return control.parse(text, origin);
  }

  @Override
  public GroupConfig parseGroup(String text, String origin) throws ConfigException {
    return control.parseGroup(text, origin);
  }

  @Override
  public void deployGroup(GroupConfig group) throws DaemonException {
    begun().deployGroup(group);
  }

  @Override
  public void removeGroup(String name) throws DaemonException {
    begun().removeGroup(name);
  }

  @Override
  public List<GroupConfig> groups() {
    return control.groups();
  }

  @Override
  public DaemonInfo deploy(DaemonConfig config, DeployOptions options, Duration wait)
      throws DaemonException {
    return begun().deploy(config, options, wait);
  }

  @Override
  public DaemonInfo start(String name, Duration wait) throws DaemonException {
    return begun().start(name, wait);
  }

  @Override
  public DaemonInfo stop(String name, Duration wait) throws DaemonException {
    return begun().stop(name, wait);
  }

  @Override
  public DaemonInfo restart(String name, Duration wait) throws DaemonException {
    return begun().restart(name, wait);
  }

  @Override
  public void signal(String name, Signal signal) throws DaemonException {
    begun().signal(name, signal);
  }

  @Override
  public void reload(String name) throws DaemonException {
    begun().reload(name);
  }

  @Override
  public DaemonInfo pause(String name, Duration wait) throws DaemonException {
    return begun().pause(name, wait);
  }

  @Override
  public DaemonInfo resume(String name, Duration wait) throws DaemonException {
    return begun().resume(name, wait);
  }

  @Override
  public void remove(String name, boolean stopFirst, Duration wait) throws DaemonException {
    begun().remove(name, stopFirst, wait);
  }

  @Override
  public DaemonInfo updateLimits(String name, Resources resources, Duration wait)
      throws DaemonException {
    return begun().updateLimits(name, resources, wait);
  }

  @Override
  public void halt(String name, String policy, String detail) throws DaemonException {
    control.halt(name, policy, detail);
  }

  @Override
  public DaemonDetails describe(String name) throws DaemonException {
    return control.describe(name);
  }

  @Override
  public Optional<DaemonInfo> find(String name) {
    return control.find(name);
  }

  @Override
  public String origin(String name) throws DaemonException {
    return control.origin(name);
  }

  @Override
  public DaemonConfig config(String name) throws DaemonException {
    return control.config(name);
  }

  @Override
  public List<DaemonInfo> list() {
    return control.list();
  }

  @Override
  public int count() {
    return control.count();
  }

  @Override
  public HealthStatus health(String name, Duration wait) throws DaemonException {
    return control.health(name, wait);
  }

  @Override
  public Optional<DaemonMetrics.Snapshot> metrics(String name) throws DaemonException {
    return control.metrics(name);
  }

  @Override
  public UsageSample usage(String name) throws DaemonException {
    return control.usage(name);
  }

  @Override
  public BitSet unchanged(List<String> names, List<UsageSample> known) {
    return control.unchanged(names, known);
  }

  @Override
  public TraceSession trace(String name, Tracer tracer, TraceOptions options, Duration wait)
      throws DaemonException {
    return control.trace(name, tracer, options, wait);
  }

  @Override
  public void alert(String name, String kind, String detail) throws DaemonException {
    control.alert(name, kind, detail);
  }

  @Override
  public LogStream logs(String name, LogQuery query) throws DaemonException {
    return control.logs(name, query);
  }

  @Override
  public List<AdapterInfo> adapters() {
    return control.adapters();
  }

  @Override
  public Subscription watch(DaemonListener listener) {
    return control.watch(listener);
  }

  @Override
  public void shutdown(Duration wait) throws DaemonException {
    control.shutdown(wait);
  }
}
