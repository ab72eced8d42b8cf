#include "models/wan/vace.h"

namespace ditto::models::wan {
namespace {

constexpr const char* kControl = "control_hidden_states";
constexpr const char* kScale = "control_hidden_states_scale";

at::Tensor read_control(const Inputs& inputs, const WanInputs& others,
                        const TransformerConfig& config) {
  const at::Tensor& control = inputs.tensor(kControl, 5);
  if (control.size(0) != others.hidden_states.size(0) ||
      control.size(1) != config.vace_in_channels) {
    inputs.fail(kControl, "must have " + std::to_string(config.vace_in_channels) +
                              " channels and the batch of hidden_states");
  }
  const std::int64_t count = patches(control, config);
  if (count == 0) inputs.fail(kControl, "is smaller than one patch");
  if (count > patches(others.hidden_states, config)) {
    inputs.fail(kControl, "has more patches than hidden_states");
  }
  if (others.timestep.dim() != 1) inputs.fail("timestep", "must be [B]");
  return control.to(others.hidden_states.scalar_type());
}

at::Tensor read_scale(const Inputs& inputs, const TransformerConfig& config, at::Device device) {
  const auto layers = static_cast<std::int64_t>(config.vace_layers.size());
  const at::Tensor scale = inputs.optional(kScale, 1);
  if (!scale.defined()) return at::ones(layers, at::TensorOptions().device(device));
  if (scale.size(0) != layers) {
    inputs.fail(kScale, "must hold " + std::to_string(layers) + " numbers, one per VACE layer");
  }
  return scale;
}

}  // namespace

std::int64_t patches(const at::Tensor& video, const TransformerConfig& config) {
  std::int64_t count = 1;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    count *= video.size(static_cast<std::int64_t>(axis) + 2) / config.patch_size[axis];
  }
  return count;
}

WanVaceBlock::WanVaceBlock(const nn::Scope& scope, const TransformerConfig& config, bool first)
    : block(scope, config), proj_out(scope / "proj_out", config.dim(), config.dim()) {
  if (first) proj_in.emplace(scope / "proj_in", config.dim(), config.dim());
}

WanVaceTransformer::WanVaceTransformer(const nn::Scope& scope, const TransformerConfig& config)
    : transformer_(scope, config),
      vace_patch_embedding_(scope / "vace_patch_embedding", config.vace_in_channels, config),
      layers_(config.vace_layers) {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    vace_blocks_.emplace_back(scope / "vace_blocks" / static_cast<std::int64_t>(i), config, i == 0);
  }
}

at::Tensor WanVaceTransformer::first_control(const at::Tensor& control, const at::Tensor& x) const {
  const at::Tensor tokens = vace_patch_embedding_(control);
  const at::Tensor padded = at::constant_pad_nd(tokens, {0, 0, 0, x.size(1) - tokens.size(1)});
  return (*vace_blocks_.front().proj_in)(padded).to(x.scalar_type()).add_(x);
}

at::Tensor WanVaceTransformer::operator()(const WanInputs& inputs, const at::Tensor& control,
                                          const at::Tensor& scale) const {
  const WanTransformer::Pass pass = transformer_.begin(inputs);
  const at::Tensor scales = scale.to(pass.x.scalar_type());
  const at::Tensor c = first_control(control, pass.x);
  // A hint depends on the first x alone, so each is made when it is needed: the reference makes all
  // of them first, and keeps them.
  std::size_t next = 0;
  for (std::size_t i = 0; i < transformer_.blocks().size(); ++i) {
    transformer_.blocks()[i](pass.x, pass.context);
    if (next == layers_.size() || layers_[next] != static_cast<std::int64_t>(i)) continue;
    const WanVaceBlock& vace = vace_blocks_[next];
    vace.block(c, pass.context);
    const at::Tensor hint = vace.proj_out(c.to(vace.block.dtype));
    pass.x.addcmul_(hint, scales[static_cast<std::int64_t>(next)]);
    ++next;
  }
  return transformer_.end(pass);
}

Model make_vace_transformer(const Source& source, const nn::Placement& placement) {
  Model model;
  const TransformerConfig config(source);
  const auto network = std::make_shared<const WanVaceTransformer>(model.scope(placement), config);
  const auto forward = [network, config, placement](const Inputs& inputs) {
    const WanInputs others = read_wan_inputs(inputs, config, placement.dtype);
    const at::Tensor control = read_control(inputs, others, config);
    const at::Tensor scale = read_scale(inputs, config, placement.device);
    return Values{{{"sample", (*network)(others, control, scale)}}, {}};
  };
  std::vector<std::string> names = wan_input_names(config);
  names.insert(names.end(), {kControl, kScale});
  model.entries = {{"forward", std::move(names), {}, forward}};
  return model;
}

}  // namespace ditto::models::wan
